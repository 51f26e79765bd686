"""A world to publish in."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.world import World


@pytest.fixture
def folders(tmp_path: Path, settings: Settings) -> Path:
    """A journal of the test's own, for `World.observe`."""
    settings.FERRY_JOURNAL_DIR = tmp_path / "journal"
    settings.FERRY_PARQUET_DIR = tmp_path / "events"
    return tmp_path


@pytest.fixture
def world(db: None) -> World:
    """A workspace with a host app, a mini-program and 400 devices."""
    return World.make(devices=400)
