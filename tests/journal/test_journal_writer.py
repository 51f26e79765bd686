"""The writer: acknowledged means synced, offers never wait, and trouble refuses instead of losing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferry.journal import folder
from ferry.journal.disk import Disk
from ferry.journal.errors import FolderInUse, JournalOverloaded, JournalUnavailable
from ferry.journal.frames import Record
from ferry.journal.writer import Journal


class WatchedDisk(Disk):
    """A disk that fails when told to, and knows how much of each file has been synced."""

    def __init__(self) -> None:
        self.synced: dict[int, int] = {}
        self.created: list[Path] = []
        self.fail_write = self.fail_sync = False
        self.free = 1 << 40
        self.gate: asyncio.Event | None = None

    def create(self, path: Path) -> int:
        self.created.append(path)
        return super().create(path)

    def write(self, descriptor: int, data: bytes) -> None:
        if self.fail_write:
            super().write(descriptor, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        if self.fail_sync:
            raise OSError(5, "Input/output error")
        super().sync(descriptor)
        self.synced[descriptor] = os.fstat(descriptor).st_size

    def free_bytes(self, path: Path) -> int:
        return self.free


@pytest.fixture
def disk() -> WatchedDisk:
    return WatchedDisk()


def stored(root: Path) -> list[Record]:
    """What a loader would find."""
    return [record for segment in folder.segments(root) for record in folder.read(segment, 0)[0].records]


def names(root: Path) -> list[str]:
    return [segment.name for segment in folder.segments(root)]


async def until(condition: object, *, within: float = 5.0) -> None:
    """Give the writer's thread its turn until something holds."""
    assert callable(condition)
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.002)


def test_an_acknowledged_record_is_on_the_disk_before_the_answer(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk)
        journal.start()
        for number in range(20):
            await journal.append("device", b'{"n":%d}' % number)
            assert sum(disk.synced.values()) == sum(path.stat().st_size for path in disk.created)
            assert stored(tmp_path)[-1] == Record("device", b'{"n":%d}' % number)
        await journal.close()
        assert journal.stats.appended == 20

    asyncio.run(story())


def test_many_waiting_records_share_a_sync(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk)
        journal.start()
        await asyncio.gather(*(journal.append("device", b'{"n":%d}' % number) for number in range(500)))
        await journal.close()
        assert journal.stats.appended == len(stored(tmp_path)) == 500
        assert journal.stats.syncs < 50

    asyncio.run(story())


def test_offers_are_written_together_without_anybody_waiting(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk, offer_seconds=0.02)
        journal.start()
        assert all(journal.offer("checkin", b"{}") for _ in range(1000))
        await until(lambda: journal.stats.offered == 1000)
        assert journal.stats.syncs == 1
        await journal.close()
        assert len(stored(tmp_path)) == 1000

    asyncio.run(story())


def test_an_append_does_not_wait_for_offers_to_gather(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk, offer_seconds=60)
        journal.start()
        journal.offer("checkin", b"{}")
        async with asyncio.timeout(5):
            await journal.append("device", b"{}")
        assert [record.kind for record in stored(tmp_path)] == ["checkin", "device"]
        await journal.close()

    asyncio.run(story())


def test_more_than_fits_is_refused_or_dropped_and_counted(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk, max_pending_bytes=1000, offer_seconds=60)
        journal.start()
        assert journal.offer("checkin", b"x" * 900)
        assert not journal.offer("checkin", b"x" * 900)
        with pytest.raises(JournalOverloaded) as refused:
            await journal.append("device", b"x" * 900)
        assert refused.value.status == 503
        assert refused.value.details["retry_after"] > 0
        assert journal.stats.dropped == 1
        await journal.append("device", b"{}")  # small enough; and it makes room
        await journal.append("device", b"x" * 900)
        await journal.close()

    asyncio.run(story())


@pytest.mark.parametrize("fault", ["fail_write", "fail_sync"])
def test_a_failed_write_or_sync_closes_the_segment_for_good(tmp_path: Path, disk: WatchedDisk, fault: str):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk)
        journal.start()
        await journal.append("device", b'{"before":1}')
        setattr(disk, fault, True)
        with pytest.raises(JournalUnavailable) as refused:
            await journal.append("device", b'{"during":1}')
        assert refused.value.status == 503
        with pytest.raises(JournalUnavailable):  # refused at the door, without a try
            await journal.append("device", b'{"during":2}')
        assert not journal.offer("checkin", b"{}")
        setattr(disk, fault, False)
        size = disk.created[0].stat().st_size
        await until(lambda: not journal.stats.trouble)  # it tries again by itself
        await journal.append("device", b'{"after":1}')
        await journal.close()
        assert disk.created[0].stat().st_size == size, "nothing is written behind the hole"
        assert len(names(tmp_path)) == 2
        kept = [record.payload for record in stored(tmp_path)]
        assert kept[0] == b'{"before":1}'
        assert kept[-1] == b'{"after":1}'
        assert journal.stats.refused == 1
        assert journal.stats.failures == 1

    asyncio.run(story())


def test_a_nearly_full_disk_refuses_and_recovers(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        disk.free = 10
        journal = Journal(tmp_path, 1, disk=disk, min_free_bytes=1000)
        journal.start()
        with pytest.raises(JournalUnavailable) as refused:
            await journal.append("device", b"{}")
        assert refused.value.details["reason"] == "disk_low"
        assert names(tmp_path) == []
        disk.free = 1 << 40
        await until(lambda: not journal.stats.trouble)
        await journal.append("device", b"{}")
        await journal.close()

    asyncio.run(story())


def test_segments_rotate_by_size_and_by_age(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk, rotate_bytes=200, rotate_seconds=60)
        journal.start()
        for _ in range(6):
            await journal.append("device", b"x" * 100)
        await journal.close()
        assert len(names(tmp_path)) == 3
        aged = Journal(tmp_path, 2, disk=disk, rotate_seconds=0.05)
        aged.start()
        await aged.append("device", b"{}")
        await until(lambda: len(_of(tmp_path, "2")) == 2)
        first, second = _of(tmp_path, "2")
        assert first.closed, "the loader may finish it while the process lives"
        assert not second.closed
        await aged.close()

    asyncio.run(story())


def test_a_restarted_process_never_touches_what_it_wrote_before(tmp_path: Path, disk: WatchedDisk):
    async def once(text: bytes) -> None:
        journal = Journal(tmp_path, 1, disk=disk)
        journal.start()
        await journal.append("device", text)
        await journal.close()

    asyncio.run(once(b"1"))
    before = disk.created[0].read_bytes()
    asyncio.run(once(b"2"))
    assert disk.created[0].read_bytes() == before
    assert len(set(disk.created)) == 2
    assert sorted(record.payload for record in stored(tmp_path)) == [b"1", b"2"]


def test_two_processes_cannot_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    held = folder.lock(_made(tmp_path / "1"), "a" * 26)
    with pytest.raises(FolderInUse):
        folder.lock(tmp_path / "1", "b" * 26, patience=0.05)
    folder.unlock(held)
    folder.unlock(folder.lock(tmp_path / "1", "b" * 26, patience=0.05))


def test_what_was_queued_at_close_is_written(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk, offer_seconds=60)
        journal.start()
        for _ in range(10):
            journal.offer("checkin", b"{}")
        await journal.close()
        assert len(stored(tmp_path)) == 10
        with pytest.raises(JournalUnavailable):
            await journal.append("device", b"{}")

    asyncio.run(story())


def test_a_cancelled_request_does_not_disturb_the_others(tmp_path: Path, disk: WatchedDisk):
    async def story() -> None:
        journal = Journal(tmp_path, 1, disk=disk)
        journal.start()
        tasks = [asyncio.create_task(journal.append("device", b"%d" % number)) for number in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(result is None for result in results) == 9
        await journal.close()

    asyncio.run(story())


@pytest.mark.parametrize(("kind", "payload"), [("device", b'{"a":\n1}'), ("Not a kind", b"{}"), ("x" * 40, b"{}")])
def test_what_would_break_the_lines_is_not_taken(tmp_path: Path, kind: str, payload: bytes):
    async def story() -> None:
        journal = Journal(tmp_path, 1)
        journal.start()
        with pytest.raises(ValueError):
            await journal.append(kind, payload)
        await journal.append("device", b"{}")
        await journal.close()

    asyncio.run(story())


def _of(root: Path, process: str) -> list[folder.Segment]:
    return [segment for segment in folder.segments(root) if segment.process == process]


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


@pytest.fixture(autouse=True)
def _no_thread_survives() -> Iterator[None]:
    import threading

    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "journal-writer"]
