"""Edges on other hosts: what they ship is loaded once, whatever is killed, repeated or away on the road."""

from __future__ import annotations

import asyncio
import io
import json
import os
import threading
from pathlib import Path

import pytest

from analytics.models import Device
from ferry.journal import arrivals, shipping
from ferry.journal import selectors as journal
from ferry.journal.models import Cursor
from ferry.journal.shipping import Shipper, host_of
from ferry.journal.writer import Journal
from ferry.kernel import clock
from ferry.kernel.storage import NamedFiles
from ferry.kernel.storage.named import FolderFiles
from tests.journal.shipped import counts, elsewhere, names
from tests.journal.world import World


def test_segments_of_two_hosts_with_one_process_id_arrive(world: World, files: NamedFiles, tmp_path: Path):
    a, b = elsewhere(world, tmp_path, "a", "d1", "d2"), elsewhere(world, tmp_path, "b", "d3")
    size = a.path.stat().st_size + b.path.stat().st_size
    Shipper(a.root, files).ship()
    Shipper(b.root, files).ship()
    assert not a.path.exists()
    assert not b.path.exists()
    assert {name.split("/")[1] for name in names(files)} == {host_of(a.root), host_of(b.root)}
    assert counts(world) == (3, 0, 0, 0, 3), "shipped and not loaded is pending"
    assert journal.pending_bytes() == size

    world.load()

    assert counts(world) == (3, 3, 0, 0, 0)
    assert journal.pending_bytes() == 0
    assert sorted(Device.objects.of(world.workspace).values_list("device_id", flat=True)) == ["d1", "d2", "d3"]
    assert names(files) == []


def test_the_open_segment_stays_and_an_empty_one_only_goes(world: World, shared: FolderFiles, tmp_path: Path):
    edge = elsewhere(world, tmp_path, "a", "d1")
    closed = edge.path
    lock = edge.live()
    edge.rotate()
    Shipper(edge.root, shared).ship()
    assert not closed.exists()
    assert edge.path.exists()
    os.close(lock)
    Shipper(edge.root, shared).ship()
    assert not edge.path.exists()
    assert len(names(shared)) == 1


def test_a_segment_shipped_again_after_it_was_loaded_counts_once(world: World, files: NamedFiles, tmp_path: Path):
    """Killed between the upload and the deletion: the loader is done before the edge is back."""
    edge = elsewhere(world, tmp_path, "a", "d1", "d2")
    kept = edge.path.read_bytes()
    Shipper(edge.root, files).ship()
    world.load()
    for _again in range(2):
        edge.path.write_bytes(kept)
        Shipper(edge.root, files).ship()
        assert counts(world) == (2, 2, 0, 0, 0), "not even pending"
        world.load()
    assert counts(world) == (2, 2, 0, 0, 0)
    assert names(files) == []


def test_a_segment_that_is_loaded_in_steps_and_arrives_twice(world: World, shared: FolderFiles, tmp_path: Path):
    edge = elsewhere(world, tmp_path, "a", *(f"d{number}" for number in range(40)))
    kept = edge.path.read_bytes()
    Shipper(edge.root, shared).ship()
    loader = world.loader()
    loader._most = 10
    assert loader.step()
    assert counts(world) == (40, 10, 0, 0, 30)
    edge.path.write_bytes(kept)
    Shipper(edge.root, shared).ship()
    while loader.step():
        pass
    assert counts(world) == (40, 40, 0, 0, 0)


def test_what_is_there_in_part_waits(world: World, shared: FolderFiles, tmp_path: Path):
    edge = elsewhere(world, tmp_path, "a", "d1", "d2")
    kept = edge.path.read_bytes()
    Shipper(edge.root, shared).ship()
    whole = tmp_path / "shared" / names(shared)[0]
    whole.write_bytes(kept[:-40])
    world.load()
    assert counts(world) == (0, 0, 0, 0, 0)
    assert whole.exists()
    whole.write_bytes(kept)
    world.load()
    assert counts(world) == (2, 2, 0, 0, 0)


def test_cursors_are_kept_until_the_edge_has_let_go_and_a_day_longer(world: World, shared: FolderFiles, tmp_path: Path):
    edge = elsewhere(world, tmp_path, "a", "d1")
    kept = edge.path.read_bytes()

    def stop(point: str) -> None:
        if point == "verified":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Shipper(edge.root, shared, crash_at=stop).ship()
    world.load()
    assert Cursor.objects.get().shipped, "its edge may come back with the segment, however late"
    Shipper(edge.root, shared).ship()
    world.load()
    assert Cursor.objects.exists(), "an upload of the killed edge may still be under way"

    (mark,) = names(shared, shipping.LET_GO)
    long_ago = clock.now().timestamp() - 2 * 24 * 3600
    os.utime(tmp_path / "shared" / mark, (long_ago, long_ago))
    late = tmp_path / "shared" / f"journal/{host_of(edge.root)}/{edge.name}.{len(kept)}"
    late.write_bytes(kept)
    loader = world.loader()
    loader.sweep()
    assert Cursor.objects.exists(), "a late copy lies there"
    while loader.step():
        pass
    loader.sweep()
    assert not Cursor.objects.exists()
    assert names(shared, shipping.LET_GO) == []
    assert counts(world) == (1, 1, 0, 0, 0)


def test_a_folder_that_begins_to_ship_under_its_own_loader(world: World, shared: FolderFiles):
    """The setting on the loader's own host: its half-loaded segments go on through the storage."""
    edge = world.edge()
    for number in range(20):
        edge.report("device", **world.device(f"d{number}", message_id=f"m{number}"))
    kept = edge.path.read_bytes()
    loader = world.loader()
    loader._most = 5
    assert loader.step()
    Shipper(edge.root, shared).ship()
    while loader.step():
        pass
    loader.lease.release()
    assert counts(world) == (20, 20, 0, 0, 0)
    edge.path.write_bytes(kept)
    world.load()
    assert counts(world) == (20, 20, 0, 0, 0)


def test_a_folder_begins_to_ship_while_a_segment_is_being_loaded(world: World, shared: FolderFiles):
    edge = world.edge()
    edge.report("device", **world.device("d1", message_id="m1"))

    def begin(point: str) -> None:
        if point == "prepared":
            Shipper(edge.root, shared).ship()

    world.load(crash_at=begin)
    world.load()
    assert counts(world) == (1, 1, 0, 0, 0)


def test_a_living_edge_ships_and_says_goodbye(world: World, shared: FolderFiles, tmp_path: Path):
    """Its predecessors' segments, those it rotates, and at the end the one that was open. Two edges share a host."""
    elsewhere(world, tmp_path, "a", "d0")
    root = tmp_path / "a"

    async def live() -> None:
        writers = [Journal(root, process, rotate_seconds=0.05) for process in ("1", "2")]
        shippers = [Shipper(root, shared, pace_seconds=0.01) for _ in writers]
        for number, (writer, shipper) in enumerate(zip(writers, shippers, strict=True)):
            shipper.start()
            writer.start()
            await writer.append("device", json.dumps(world.device(f"d{number + 1}")).encode())
        while len(names(shared)) < 3:
            await asyncio.sleep(0.01)
        await writers[1].append("device", json.dumps(world.device("d3")).encode())
        for writer, shipper in zip(writers, shippers, strict=True):
            await writer.close()
            await asyncio.to_thread(shipper.stop)
        assert sum(shipper.shipped for shipper in shippers) == 4

    asyncio.run(asyncio.wait_for(live(), 60))
    world.load()
    assert list(root.rglob("*.log")) == []
    assert counts(world) == (4, 4, 0, 0, 0)


def test_a_folder_has_one_name(tmp_path: Path):
    found: list[str] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        found.append(host_of(tmp_path / "journal"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    (tmp_path / "journal" / "host").write_text("damaged")
    with pytest.raises(ValueError, match="damaged"):
        host_of(tmp_path / "journal")


def test_strangers_files_are_left_alone(shared: FolderFiles, tmp_path: Path):
    for name in ("journal/readme", "journal/x/1/y.3", f"journal/{'a' * 26}/../{'b' * 26}-00000001.6"):
        shared.put(name, io.BytesIO())
    assert arrivals.found(shared) == []
