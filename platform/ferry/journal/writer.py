"""The edge's side of the journal: one thread per process that writes and syncs what the event loop hands it.

No Django. `append` is for what is acknowledged: it returns after the sync that covers the record (rule 2). `offer` is
for observations: it never waits, and what does not fit is dropped and counted (rule 9). Both only put the record in a
queue; framing, checksum, write and sync happen in the writer's thread, once for everything that has gathered. While
one sync runs, the next batch gathers: that is the group commit.

A failed write or sync closes its segment for good: after a failed fsync nobody knows which pages reached the disk
(the kernel may have dropped them and reports the error once), so nothing is ever appended behind such a hole. The
records of the batch are refused with 503, the client sends them again, and message_id keeps them from counting twice.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ferry.journal import folder
from ferry.journal.disk import Disk, make_folder
from ferry.journal.errors import JournalOverloaded, JournalUnavailable
from ferry.journal.frames import MAX_RECORD, framer
from ferry.kernel import ids

log = logging.getLogger(__name__)

Queued = tuple[str, bytes, "asyncio.Future[None] | None"]  # kind, payload, who waits for it

_OVERHEAD = 48  # bytes of a record's frame and place in the queue
_RETRY_S = 1  # what a refused caller is told, and how often a journal in trouble tries again


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters since the start, for /metrics."""

    appended: int  # acknowledged
    refused: int  # answered with 503
    offered: int  # written
    dropped: int  # offered and not taken, or lost with a failed write
    written_bytes: int
    pending_bytes: int
    syncs: int
    failures: int
    trouble: str  # "" | "disk_low" | "write_failed"


class _DiskLow(OSError):
    """Less space is free than the journal leaves to the rest of the machine."""


class Journal:
    """The journal of one edge process. `start`, `append`, `offer` and `close` belong to one event loop."""

    def __init__(
        self,
        directory: Path,
        process_id: str | int,
        *,
        max_pending_bytes: int = 32 << 20,
        rotate_bytes: int = 64 << 20,
        rotate_seconds: float = 60.0,
        offer_seconds: float = 0.25,
        gather_seconds: float = 0.002,
        min_free_bytes: int = 256 << 20,
        disk: Disk | None = None,
    ) -> None:
        """`offer_seconds`: how long observations may gather. `gather_seconds`: the least time between two syncs."""
        self.process = str(process_id)
        if not folder.PROCESS.fullmatch(self.process):
            raise ValueError(f"{self.process!r} cannot name a folder: letters, digits, '.', '_', '-', at most 48")
        self.boot = ids.new()
        self._folder = directory / self.process
        self._max_pending = max_pending_bytes
        self._rotate_bytes, self._rotate_seconds = rotate_bytes, rotate_seconds
        self._offer_seconds, self._gather_seconds = offer_seconds, gather_seconds
        self._min_free = min_free_bytes
        self._disk = disk or Disk()
        self._queue: deque[Queued] = deque()
        self._taken = 0  # bytes that came in; only the event loop writes this
        self._settled = 0  # bytes that are written or given up; only the writer writes this
        self._any = threading.Event()  # something is queued
        self._urgent = threading.Event()  # somebody waits for it
        self._kinds: set[str] = set()  # seen and found to be names
        self._closing = False
        self._trouble = ""
        self._segment = _Nothing
        self._number = 0
        self._last_sync = self._last_look = 0.0
        self._counts = dict.fromkeys(("appended", "refused", "offered", "lost", "bytes", "syncs", "failures"), 0)
        self._dropped = 0  # by the event loop; "lost" counts the writer's
        self._lock = -1
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)

    def start(self) -> None:
        """Take the process's folder and begin to write. Raises FolderInUse, OSError."""
        make_folder(self._folder)
        self._lock = folder.lock(self._folder, self.boot)
        self._thread.start()

    async def append(self, kind: str, payload: bytes) -> None:
        """Return when the record is on stable storage. Raises JournalOverloaded, JournalUnavailable (both 503)."""
        self._check(kind, payload)
        if self._trouble or self._closing:
            raise JournalUnavailable(reason=self._trouble or "closing", retry_after=_RETRY_S)
        if self._taken - self._settled + len(payload) > self._max_pending:
            raise JournalOverloaded(retry_after=_RETRY_S)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._taken += len(payload) + _OVERHEAD
        self._queue.append((kind, payload, durable))
        if not self._urgent.is_set():
            self._urgent.set()
            self._any.set()
        await durable

    def offer(self, kind: str, payload: bytes) -> bool:
        """Hand over a record nobody waits for. False: dropped, and counted."""
        if self._trouble or self._closing or self._taken - self._settled + len(payload) > self._max_pending:
            self._dropped += 1
            return False
        self._check(kind, payload)
        self._taken += len(payload) + _OVERHEAD
        self._queue.append((kind, payload, None))
        if not self._any.is_set():
            self._any.set()
        return True

    async def close(self) -> None:
        """Write what is queued, then let the folder go. Nothing is taken any more."""
        self._closing = True
        self._urgent.set()
        self._any.set()
        await asyncio.to_thread(self._thread.join)

    @property
    def stats(self) -> Stats:
        counts = self._counts
        return Stats(
            appended=counts["appended"],
            refused=counts["refused"],
            offered=counts["offered"],
            dropped=self._dropped + counts["lost"],
            written_bytes=counts["bytes"],
            pending_bytes=self._taken - self._settled,
            syncs=counts["syncs"],
            failures=counts["failures"],
            trouble=self._trouble,
        )

    def _check(self, kind: str, payload: bytes) -> None:
        if len(payload) > MAX_RECORD or b"\n" in payload:
            raise ValueError("a journal record is one line of at most 1 MiB: compact JSON")
        if kind not in self._kinds:
            framer(self._folder.name, kind)  # raises ValueError
            self._kinds.add(kind)

    # What follows runs in the writer's thread.

    def _run(self) -> None:
        try:
            while True:
                self._any.wait(self._patience())
                if self._any.is_set() and not self._urgent.is_set():
                    self._urgent.wait(self._offer_seconds)  # observations gather; an append ends the wait
                self._space_out()
                self._any.clear()
                self._urgent.clear()
                closing = self._closing  # read before the queue: what came before close() is still written
                self._turn()
                if closing and not self._queue:
                    return
        finally:
            self._closing = True
            self._let_go()
            self._settle(self._drain(), "closing")
            folder.unlock(self._lock)

    def _patience(self) -> float | None:
        """How long to sleep when nothing comes: until the next attempt or the segment's rotation."""
        if self._trouble:
            return _RETRY_S
        if self._segment.size:
            return max(0.0, self._segment.opened + self._rotate_seconds - time.monotonic())
        return None

    def _space_out(self) -> None:
        """A lone record is written at once; under load syncs keep a distance, so that each covers more."""
        wait = self._last_sync + self._gather_seconds - time.monotonic()
        if wait > 0 and not self._closing:
            time.sleep(wait)

    def _turn(self) -> None:
        batch: list[Queued] = []
        refusal = ""
        try:
            self._make_ready()
            batch = self._drain()
            if batch:
                self._write(batch)
            self._trouble = ""
        except Exception as error:
            batch = batch or self._drain()
            refusal = self._fail(error)
        self._settle(batch, refusal)

    def _drain(self) -> list[Queued]:
        queue = self._queue
        return [queue.popleft() for _ in range(len(queue))]

    def _make_ready(self) -> None:
        now = time.monotonic()
        if self._trouble or now - self._last_look >= 1.0:
            self._last_look = now
            if self._disk.free_bytes(self._folder) < self._min_free:
                raise _DiskLow("less is free than the journal leaves to the rest")
        segment = self._segment
        if segment.size and (segment.size >= self._rotate_bytes or now - segment.opened >= self._rotate_seconds):
            self._let_go()
        rotated = segment.size > 0 and not self._closing  # a successor tells the loader that its forerunner is closed
        if self._segment is _Nothing and (rotated or self._queue or self._trouble):
            self._number += 1
            name = folder.name_of(self.process, self.boot, self._number)
            descriptor = self._disk.create(folder.path_of(self._folder.parent, name))
            self._segment = _Segment(name, descriptor, now)

    def _write(self, batch: list[Queued]) -> None:
        segment = self._segment
        data = b"".join([segment.frame(kind)(payload) for kind, payload, _ in batch])
        segment.size += len(data)
        self._disk.write(segment.descriptor, data)
        self._disk.sync(segment.descriptor)
        self._last_sync = time.monotonic()
        self._counts["syncs"] += 1
        self._counts["bytes"] += len(data)

    def _fail(self, error: Exception) -> str:
        """Note the trouble; unless it was only the look at the free space, the segment is never written again."""
        if isinstance(error, _DiskLow):
            trouble = "disk_low"
        else:
            trouble = "write_failed"
            self._counts["failures"] += 1
            self._let_go()
        if trouble != self._trouble:
            log.error("journal %s refuses reports: %s", self._folder, trouble, exc_info=error)
        self._trouble = trouble
        return trouble

    def _let_go(self) -> None:
        segment, self._segment = self._segment, _Nothing
        if segment is not _Nothing:
            try:
                self._disk.close(segment.descriptor)
            except OSError:
                log.exception("journal %s: closing a segment failed", self._folder)

    def _settle(self, batch: list[Queued], refusal: str) -> None:
        waiting = [durable for _, _, durable in batch if durable is not None]
        loose = len(batch) - len(waiting)
        self._settled += sum(len(payload) for _, payload, _ in batch) + _OVERHEAD * len(batch)
        self._counts["refused" if refusal else "appended"] += len(waiting)
        self._counts["lost" if refusal else "offered"] += loose
        if waiting:
            try:
                waiting[0].get_loop().call_soon_threadsafe(_wake, waiting, refusal)
            except RuntimeError:  # the event loop has ended: nobody waits any more
                log.warning("journal %s: %d answers found nobody waiting", self._folder, len(waiting))


def _wake(waiting: list[asyncio.Future[None]], refusal: str) -> None:
    for durable in waiting:
        if durable.done():  # its request was cancelled
            continue
        if refusal:
            durable.set_exception(JournalUnavailable(reason=refusal, retry_after=_RETRY_S))
        else:
            durable.set_result(None)


class _Segment:
    """The file being written and the framers of its kinds."""

    __slots__ = ("_framers", "descriptor", "name", "opened", "size")

    def __init__(self, name: str, descriptor: int, opened: float) -> None:
        self.name, self.descriptor, self.opened = name, descriptor, opened
        self.size = 0
        self._framers: dict[str, Callable[[bytes], bytes]] = {}

    def frame(self, kind: str) -> Callable[[bytes], bytes]:
        known = self._framers.get(kind)
        if known is None:
            known = self._framers[kind] = framer(self.name, kind)
        return known


_Nothing = _Segment("", -1, 0.0)
