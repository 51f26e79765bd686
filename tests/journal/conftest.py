"""Fixtures of the journal's and analytics' tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from pytest_django import Settings

from ferry.journal.records import moment
from ferry.kernel import clock, ids, storage
from ferry.kernel.storage import NamedFiles
from ferry.kernel.storage.named import FolderFiles
from tests.journal.killing import environment, run
from tests.journal.shipped import at
from tests.journal.world import HOUR, NOON, World
from tests.kernel.storage.s3_server import s3


@pytest.fixture
def folders(tmp_path: Path, settings: Settings) -> Path:
    """Journal and Parquet folders of the test's own."""
    settings.FERRY_DATA = tmp_path
    settings.FERRY_JOURNAL_DIR = tmp_path / "journal"
    settings.FERRY_PARQUET_DIR = tmp_path / "events"
    return tmp_path


@pytest.fixture
def world(folders: Path, transactional_db: None) -> Iterator[World]:
    """It is an hour after noon of the day on which its records arrive."""
    with clock.frozen(moment(NOON + HOUR)):
        yield World()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment with an empty, migrated database, on the engine that DATABASE_URL names."""
    data = tmp_path_factory.mktemp("ferry")
    env = environment(FERRY_DATA=str(data), DATABASE_URL="", FERRY_LOG_LEVEL="ERROR")
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        migrated = run("loading.py", "migrate", env=env)
        assert migrated.returncode == 0, migrated.stderr
        yield env
        return
    import psycopg

    name = f"ferry_killed_{ids.new()[-8:]}"
    env["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            migrated = run("loading.py", "migrate", env=env)
            assert migrated.returncode == 0, migrated.stderr
            yield env
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["folder", "s3"])
def files(request: pytest.FixtureRequest, folders: Path, settings: Settings) -> Iterator[NamedFiles]:
    """The storage between the hosts, as the settings name it."""
    if request.param == "folder":
        settings.FERRY_SHIPPED_DIR = folders / "shared"
        settings.FERRY_SHIPPED_DIR.mkdir()
        made = storage.handed_over()
        assert made is not None
        yield made
        return
    with s3() as server:
        settings.FERRY_STORAGE_URL = at(server.server_port)
        made = storage.handed_over()
        assert made is not None
        yield made


@pytest.fixture
def shared(folders: Path, settings: Settings) -> FolderFiles:
    settings.FERRY_SHIPPED_DIR = folders / "shared"
    settings.FERRY_SHIPPED_DIR.mkdir()
    return FolderFiles(settings.FERRY_SHIPPED_DIR)
