"""A harbour, and a channel that counts in place of the vendor's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.push.world import Counting, Harbour, channels


@pytest.fixture
def folders(tmp_path: Path, settings: Settings) -> Path:
    """A journal of the test's own."""
    settings.FERRY_JOURNAL_DIR = tmp_path / "journal"
    settings.FERRY_PARQUET_DIR = tmp_path / "events"
    return tmp_path


@pytest.fixture
def harbour(db: None) -> Harbour:
    return Harbour.make()


@pytest.fixture
def vendor() -> Iterator[Counting]:
    """What carries `apns` in this test."""
    counting = Counting()
    with channels(apns=counting, own=Counting(transactional=True)):
        yield counting
