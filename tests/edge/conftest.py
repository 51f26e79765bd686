"""An edge over published state made by hand: no database, no clock of its own, no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import analytics.edge
import analytics.events.edge
import miniapps.edge
import miniapps.edge_directory
import miniapps.edge_offered
import miniapps.login.edge
from ferry.edge import registry, server
from ferry.edge.app import EdgeApp
from ferry.edge.files import FileSender
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from tests.edge.published import Caller, Clock, Notes, Published


@pytest.fixture(autouse=True)
def _loaders() -> None:
    """What the apps register in their own ready()."""
    registry.register_loader("program", "miniapps.snapshot_load.load_program")
    registry.register_loader("segment", "analytics.segments.snapshot_load.load_segment")


@pytest.fixture(autouse=True)
def _data(settings: object, tmp_path: Path) -> None:
    """A blob store of this test's own."""
    settings.FERRY_BLOB_DIR = tmp_path / "blobs"  # type: ignore[attr-defined]
    settings.FERRY_STORAGE_URL = ""  # type: ignore[attr-defined]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def edge_settings(tmp_path: Path) -> EdgeSettings:
    return EdgeSettings(
        process_id=1,
        edge_url="https://edge.test",
        state_dir=tmp_path / "edge",
        journal_dir=tmp_path / "journal",
        blob_dir=tmp_path / "blobs",
    )


@pytest.fixture
def client(published: Published, edge_settings: EdgeSettings) -> SnapshotClient:
    """Polls only when a test says so."""
    return SnapshotClient(
        snapshots=Snapshots(),
        source=published,
        disk=DiskCopy(edge_settings.state_dir),
        edge_url=edge_settings.edge_url,
    )


@pytest.fixture
def edge(client: SnapshotClient, notes: Notes, edge_settings: EdgeSettings, clock: Clock) -> Iterator[EdgeApp]:
    app = EdgeApp(
        settings=edge_settings,
        snapshots=client.snapshots,
        journal=notes,
        routes=(
            miniapps.edge.add_routes,
            miniapps.edge_directory.add_routes,
            miniapps.edge_offered.add_routes,
            miniapps.login.edge.add_routes,
            analytics.edge.add_routes,
            analytics.events.edge.add_routes,
        ),
        clock=clock,
    )
    sender = FileSender()
    server.add_own_routes(app, sender)
    yield app
    sender.close()


@pytest.fixture
def call(edge: EdgeApp) -> Caller:
    return Caller(edge)
