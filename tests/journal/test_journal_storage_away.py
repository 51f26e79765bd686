"""A storage that is away, fails half-way or answers wrongly: nothing is lost, and nothing else waits for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from analytics import selectors
from ferry.journal.arrivals import Shipped
from ferry.journal.shipping import Shipper
from ferry.kernel.storage import StorageAway
from ferry.kernel.storage.named import FolderFiles
from tests.journal.shipped import counts, elsewhere
from tests.journal.world import DAY, World


def test_a_storage_that_is_away_stops_nothing_else(
    world: World, shared: FolderFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    far = elsewhere(world, tmp_path, "a", "d1")
    Shipper(far.root, shared).ship()
    world.edge().report("device", **world.device("d2"))
    (tmp_path / "shared").rename(tmp_path / "unmounted")
    assert not selectors.accounting(world.workspace, world.app.id, DAY).complete
    other = elsewhere(world, tmp_path, "b", "d3")
    with pytest.raises(StorageAway):
        Shipper(other.root, shared).ship()
    assert other.path.exists()
    world.load()
    assert counts(world)[1] == 1
    (tmp_path / "unmounted").rename(tmp_path / "shared")
    Shipper(other.root, shared).ship()
    world.load()
    assert counts(world) == (3, 3, 0, 0, 0)


def test_a_storage_that_fails_while_it_is_read(
    world: World, shared: FolderFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    far = elsewhere(world, tmp_path, "a", "d1")
    Shipper(far.root, shared).ship()
    world.edge().report("device", **world.device("d2"))

    def away(*_: Any) -> bytes:
        raise StorageAway("reset by peer")

    with monkeypatch.context() as broken:
        broken.setattr(FolderFiles, "read", away)
        world.load()
        account = selectors.accounting(world.workspace, world.app.id, DAY)
        assert not account.complete
    assert counts(world) == (2, 1, 0, 0, 1)
    world.load()
    assert counts(world) == (2, 2, 0, 0, 0)


def test_a_short_answer_is_not_the_end(world: World, shared: FolderFiles, monkeypatch: pytest.MonkeyPatch):
    shared.put("journal/x", io.BytesIO(b"x" * 100))
    monkeypatch.setattr(FolderFiles, "read", lambda *_: b"half")
    with pytest.raises(StorageAway):
        Shipped("1/x", "journal/x", 100, shared).bytes_at(0, 1000)


def test_an_upload_that_did_not_arrive_whole_keeps_the_segment(
    world: World, shared: FolderFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    edge = elsewhere(world, tmp_path, "a", "d1")
    with monkeypatch.context() as broken:
        broken.setattr(FolderFiles, "pieces", lambda *_: iter([b"something else"]))
        with pytest.raises(OSError, match="shipped again"):
            Shipper(edge.root, shared).ship()
    assert edge.path.exists()
    Shipper(edge.root, shared).ship()
    world.load()
    assert counts(world) == (1, 1, 0, 0, 0)
