"""The console in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ferry.kernel.identity.rights import Role
from miniapps import services
from tests.chromium import chromium
from tests.console.browser.stage import Stage, Tab
from tests.console.desk import Desk


@pytest.fixture(scope="session")
def running_stage() -> Iterator[Stage]:
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed")
    stage = Stage(path)
    stage.start()
    yield stage
    stage.stop()


@pytest.fixture
def stage(running_stage: Stage) -> Stage:
    """The browser, with nothing complained about yet."""
    running_stage.complaints.clear()
    return running_stage


@pytest.fixture
def desk(tmp_path: Path, settings: Settings, transactional_db: None) -> Desk:
    """A workspace with a full release, a gray one at 25 %, a version in review, and 60 devices that have reported."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.FERRY_JOURNAL_DIR, settings.FERRY_PARQUET_DIR = tmp_path / "journal", tmp_path / "events"
    desk = Desk.make(devices=60)
    desk.world.release("1.0.0")
    desk.world.release("2.0.0", share=25)
    waiting = desk.world.upload("3.0.0")
    services.submit_version(actor=desk.world.developer, version=waiting, host_app=desk.world.host_app)
    desk.checked_in()
    return desk


@pytest.fixture
def admin(desk: Desk, stage: Stage, live_server: LiveServer) -> Iterator[Tab]:
    """An administrator's tab, signed in."""
    with signed_in(desk, stage, live_server, Role.ADMIN) as tab:
        yield tab


def signed_in(desk: Desk, stage: Stage, live_server: LiveServer, *roles: str, **options):
    """A tab in which the person with these roles is signed in."""
    client = desk.as_(*roles)
    cookies = {name: client.cookies[name].value for name in ("ferry-session",)}
    return stage.tab(site=live_server.url, cookies=cookies, **options)
