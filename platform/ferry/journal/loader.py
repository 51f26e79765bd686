"""From the journal into Parquet and tables, exactly once (rule 3).

One step:

    read        new complete records of every segment, from each one's cursor
    prepare     handlers judge, count and write Parquet under temporary names, synced
    rename      the files get their names, the folders are synced; no reader knows them yet
    commit      ONE transaction: the fence, the handlers' rows, manifest, counts, cursors
    clean up    segments that are closed and read, key files that were merged

Between steps it makes many small files few (ferry.journal.compaction).

A crash before the commit leaves files without a manifest row, which the next loader sweeps, and cursors that have not
moved, so the same records are read again. A crash after it leaves at most files that are to be deleted, and rows that
say so. The fence is the first statement of the transaction: it renews the lease under this loader's token, which
locks the lease's row. Whoever has taken over has another token; then nothing matches and nothing is written.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol

import duckdb
from django.db import InterfaceError, OperationalError, connection, transaction

from ferry.journal import compaction, folder, recording, registry, shipping
from ferry.journal.arrivals import Arrivals, Shipped
from ferry.journal.compaction import Compactor
from ferry.journal.folder import Piece
from ferry.journal.frames import Record
from ferry.journal.keys import TABLE as KEYS
from ferry.journal.keys import WINDOW
from ferry.journal.lake import Lake
from ferry.journal.models import Cursor, StoredFile
from ferry.journal.recording import Move
from ferry.journal.registry import Apply
from ferry.journal.work import HANDLER_FAILED, Work, prepare
from ferry.kernel import clock
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.storage import StorageAway

log = logging.getLogger(__name__)

# Failures of the ground, not of a record: tried again, nothing is put aside.
_GROUND = (
    OperationalError,
    InterfaceError,
    OSError,
    MemoryError,
    LeaseLost,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
)
_PUT_ASIDE = 3  # records of one kind and host app that may fail one after the other; more looks like a broken handler
_NEXT_ASIDE_S = 300.0  # then one more is put aside at a time, so that no host app's records stop the others for ever
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0  # between attempts when something fails
_SWEEP_S = 3600.0
_RENEW_S = 10.0


class Fence(Protocol):
    """The lease under which this loader works (ferry.kernel.jobs)."""

    @property
    def token(self) -> int: ...

    def fence(self) -> None:
        """Lengthen the lease `WHERE token = mine`, or raise LeaseLost; its row stays locked until the commit."""


def calm_the_collector() -> None:
    """Look for circular garbage a hundred times less often; for a process that does nothing but load.

    A step holds tens of thousands of records, none of them in a circle, and looking through them again and again cost
    more than loading them: 82 µs for each check-in against 45, measured one after the other (bench/journal.py).
    """
    gc.set_threshold(100_000, 50, 1_000)


class Loader:
    """Loads the journal for as long as its lease holds.

    `crash_at` is told the name of each point of a step as it is passed; what it does there is its own affair. It is
    how operations can trace a step and how the tests stop a loader at any of them.
    """

    def __init__(
        self,
        *,
        journal: Path,
        parquet: Path,
        lease: Fence,
        arrivals: Arrivals | None = None,
        max_bytes: int = 32 << 20,
        pace_seconds: float = 1.0,
        put_aside: Counter[tuple[str, str]] | None = None,
        crash_at: Callable[[str], None] = lambda point: None,
    ) -> None:
        """`arrivals`: what other hosts ship, if any may. `max_bytes`: how much journal one step takes.

        `pace_seconds`: the pause that lets records gather. `put_aside` is counted up, by kind and host app.
        """
        self._journal = journal
        self._lake = Lake(parquet, threads=1)  # a second one costs a tenth more CPU per event, which the edges need
        self.lease = lease
        self._arrivals = arrivals
        self._max_bytes = max_bytes
        self._pace = pace_seconds
        self._point = crash_at
        self._most: int | None = None  # records of the next step while a failing one is being narrowed down
        self._failed: Counter[tuple[str, str]] = Counter()  # kind, host app: put aside since anything was loaded
        self._put_aside = Counter() if put_aside is None else put_aside
        self._aside_at = 0.0
        self._swept_at = self._renewed_at = 0.0
        self._compactor = Compactor(self._lake, lease, crash_at=crash_at)

    def run(self, stop: Event) -> None:
        """Load until `stop`, or until the lease is lost. Whatever else fails is tried again, with longer pauses."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                if not self._swept_at or time.monotonic() - self._swept_at > _SWEEP_S:
                    self.sweep()
                more = self.step()
                pause = 0.0 if self._compactor.turn(busy=more) or more else self._pace
            except LeaseLost:
                log.warning("another loader has taken over; this one stops")
                return
            except Exception:
                pause = min(max(2 * pause, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
                log.exception("the journal waits; trying again in %.0f s", pause)
                connection.close()
                self._lake.reopen()

    def step(self) -> bool:
        """Load what is there, at most one step's worth. True: there was more than one step takes."""
        moves, more = self._read()
        self._point("read")
        if not moves:
            self._stay()
            return False
        records = [record for move in moves for record in move.records]
        try:
            self._load(moves, records)
            self._failed.clear()
        except _GROUND:
            raise
        except Exception:
            if len(records) > 1:
                self._most = len(records) // 2
                log.exception("a handler failed; looking for the record among %d", len(records))
                return True
            whose = (records[0].kind, registry.measure(*records[0]).app)
            if self._failed[whose] >= _PUT_ASIDE and time.monotonic() - self._aside_at < _NEXT_ASIDE_S:
                raise
            log.exception("a %s record of host app %s goes to the quarantine: its handler fails", *whose)
            self._load(moves, records, quarantine=HANDLER_FAILED)
            self._failed[whose] += 1
            self._put_aside[whose] += 1
            self._aside_at = time.monotonic()
        self._most = None if self._most is None or self._most > 1 << 16 else 2 * self._most
        return more

    def sweep(self) -> None:
        """Delete what no row names: the remains of a loader that died, and keys past the window.

        The manifest is read and the files are deleted under the fence: a loader that was suspended in here could
        otherwise wake up and delete what its successor has just written.
        """
        found = self._lake.files()
        with transaction.atomic():
            self.lease.fence()
            StoredFile.objects.filter(table=KEYS, day__lt=clock.now().date() - 2 * WINDOW).delete()
            known = set(StoredFile.objects.values_list("path", flat=True))
            known |= compaction.retired(found)
            orphans = [path for path in found if path not in known]
            self._lake.remove(orphans)
            compaction.forget_retired()
        self._remove_segments(Cursor.objects.filter(done=True, shipped=False).values_list("segment", flat=True))
        if self._arrivals is not None:
            self._arrivals.forget()
        self._compactor.try_again()
        self._swept_at = time.monotonic()
        if orphans:
            log.info("swept %d files that nothing refers to", len(orphans))

    def _stay(self) -> None:
        """Keep the lease while nothing comes, without a write every second."""
        if time.monotonic() - self._renewed_at > _RENEW_S:
            self.lease.fence()
            self._renewed_at = time.monotonic()

    def _read(self) -> tuple[list[Move], bool]:
        segments = self._segments()
        cursors = recording.cursors(segment.name for segment in segments)
        moves: list[Move] = []
        budget, most, more = self._max_bytes, self._most, False
        for segment in segments:
            if budget <= 0 or most == 0:
                return moves, True
            cursor = cursors.get(segment.name)
            if cursor is not None and cursor.done:
                self._remove_shipped([segment])
                continue
            start = cursor.position if cursor is not None else 0
            try:
                chunk, done = folder.read(segment, start, limit=budget, most=most)
            except FileNotFoundError:
                continue  # another loader has finished it; the fence will tell this one
            except StorageAway as error:
                if self._arrivals is not None:
                    self._arrivals.rest(error)
                return moves, False  # what comes from the storage is last
            if chunk.consumed or done:
                end = start + chunk.consumed
                moves.append(Move(segment, start, end, chunk.records, chunk.damaged, chunk.torn, done))
                budget -= chunk.consumed
                more = more or chunk.more  # also when the last record of a full look was cut off
                most = None if most is None else most - len(chunk.records)
        return moves, more or budget <= 0 or self._most is not None

    def _segments(self) -> list[Piece]:
        """Those of this folder, then those of other hosts, each name once.

        A folder that ships is not loaded from: the copies of one segment must all be told apart from new ones.
        """
        own: Iterable[Piece] = () if shipping.ships(self._journal) else folder.segments(self._journal)
        shipped: Iterable[Piece] = () if self._arrivals is None else self._arrivals.segments()
        there = {segment.name: segment for segment in shipped}
        return [*(segment for segment in own if segment.name not in there), *there.values()]

    def _load(self, moves: Sequence[Move], records: Sequence[Record], *, quarantine: str = "") -> None:
        work = Work(self._lake)
        try:
            applies = prepare(records, work, quarantine)
            self._point("prepared")
            self._lake.publish(work.files)
            self._point("renamed")
            recording.commit_durably()
            with transaction.atomic():
                self.lease.fence()
                self._record(moves, applies, work)
                self._point("in transaction")
        except BaseException:
            work.discard()
            raise
        self._point("committed")
        self._lake.remove(file.path for file in work.new_keys.merged)
        self._remove_segments(move.segment.name for move in moves if move.done and not move.segment.shipped)
        self._remove_shipped(move.segment for move in moves if move.done)
        self._point("cleaned up")

    def _record(self, moves: Sequence[Move], applies: Sequence[Apply], work: Work) -> None:
        for apply in applies:
            apply()
        StoredFile.objects.filter(pk__in=[file.pk for file in work.new_keys.merged]).delete()
        StoredFile.objects.bulk_create(
            StoredFile(
                table=file.table, host_app_id=file.app, day=file.day, path=file.path, rows=file.rows, bytes=file.bytes
            )
            for file in work.files
        )
        recording.count(work)
        for move in moves:
            recording.advance(move, self.lease.token)

    def _remove_segments(self, names: Iterable[str]) -> None:
        """Delete loaded segments; the row goes last, so that a file which comes back is never loaded again."""
        for name in list(names):
            path = folder.path_of(self._journal, name)
            if path.parent.is_dir():
                folder.remove(path)
            row = Cursor.objects.filter(segment=name, done=True, shipped=False)
            if shipping.ships(self._journal):  # since a moment ago: it may have been shipped before it was removed here
                row.update(shipped=True)
            else:
                row.delete()

    def _remove_shipped(self, segments: Iterable[Piece]) -> None:
        if self._arrivals is not None:
            self._arrivals.remove(segment for segment in segments if isinstance(segment, Shipped))
