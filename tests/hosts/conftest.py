"""Hosts that were written elsewhere, and ours in Java, against a real edge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.hosts.live import LiveEdge, running
from tests.world import World


@pytest.fixture
def world(transactional_db: None, tmp_path: Path, settings: Settings) -> World:
    """Committed for real: an edge reads by connections of its own."""
    settings.FERRY_BLOB_DIR = tmp_path / "blobs"
    return World.make()


@pytest.fixture
def edge(world: World, tmp_path: Path) -> Iterator[LiveEdge]:
    with running(tmp_path / "edge", tmp_path / "blobs") as live:
        yield live
