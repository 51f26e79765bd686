"""Fixtures of the console's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from miniapps import services
from tests.console.desk import Desk


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hashing is slow on purpose; these tests are not about it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def folders(tmp_path: Path, settings: Settings) -> Path:
    """Journal and Parquet folders of the test's own."""
    settings.FERRY_JOURNAL_DIR = tmp_path / "journal"
    settings.FERRY_PARQUET_DIR = tmp_path / "events"
    return tmp_path


@pytest.fixture
def desk(folders: Path, db: None) -> Desk:
    """The console of a workspace with a host app, a mini-program and 60 devices."""
    return Desk.make(devices=60)


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """One version for everybody, the next one gray at 25 %, a third waiting for review; devices have reported."""
    desk.world.release("1.0.0")
    desk.world.release("2.0.0", share=25)
    waiting = desk.world.upload("3.0.0")
    services.submit_version(actor=desk.world.developer, version=waiting, host_app=desk.world.host_app)
    return desk
