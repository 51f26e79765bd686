"""What others read of the journal and the loader: which files count, and where every record went.

Nothing here knows workspaces: whoever asks has checked whose the host app is.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db.models import Sum

from ferry.journal import folder, recording, registry
from ferry.journal.arrivals import found as arrived
from ferry.journal.folder import Piece
from ferry.journal.models import DailyCount, StoredFile
from ferry.kernel import storage
from ferry.kernel.storage import StorageAway

log = logging.getLogger(__name__)

_MOST_PENDING = 64 << 20  # bytes of journal that one question looks through
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class KindCount:
    """Where the records of one kind went: received = stored + duplicate + rejected + pending."""

    kind: str
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    pending: int = 0

    @property
    def received(self) -> int:
        return self.stored + self.duplicate + self.rejected + self.pending


@dataclass(frozen=True, slots=True)
class Accounting:
    """The counts of one host app and received day. Not `complete`: more is pending than was looked through."""

    kinds: tuple[KindCount, ...]
    complete: bool


def files(table: str, host_app_id: str, *, first: date, last: date) -> list[Path]:
    """The Parquet files of a table for one host app, received from `first` to `last`, both included."""
    paths = StoredFile.objects.filter(table=table, host_app_id=host_app_id, day__range=(first, last))
    return [Path(settings.FERRY_PARQUET_DIR) / path for path in paths.order_by("-id").values_list("path", flat=True)]


def newest_files(table: str, host_app_id: str, *, since: date, rows: int) -> list[Path]:
    """The files of a table that were loaded last, newest first, until they hold so many rows: for looking live."""
    found: list[Path] = []
    stored = StoredFile.objects.filter(table=table, host_app_id=host_app_id, day__gte=since).order_by("-id")
    for path, held in stored.values_list("path", "rows")[:200]:
        found.append(Path(settings.FERRY_PARQUET_DIR) / path)
        rows -= held
        if rows <= 0:
            break
    return found


def rows(table: str, host_app_id: str, *, first: date, last: date) -> int:
    """How many rows a question about these days reads at most."""
    stored = StoredFile.objects.filter(table=table, host_app_id=host_app_id, day__range=(first, last))
    return stored.aggregate(rows=Sum("rows"))["rows"] or 0


def accounting(host_app_id: str, day: date) -> Accounting:
    """Received, stored, duplicate, rejected and pending, of one moment.

    Cursors and counts change in one transaction, so counts that lie between two equal readings of the cursors belong
    to them; the journal is then read from those cursors on.
    """
    for _attempt in range(_ATTEMPTS):
        segments, all_there = _segments()
        names = [segment.name for segment in segments]
        before = _cursors(names)
        counts = DailyCount.objects.filter(host_app_id=host_app_id, day=day).order_by("kind")
        stored = {row.kind: (row.stored, row.duplicate, row.rejected) for row in counts}
        try:
            pending, complete = _pending(segments, before, host_app_id, day)
        except FileNotFoundError:
            continue
        except StorageAway:
            pending, complete = Counter(), False
        complete = complete and all_there
        if _cursors(names) == before:
            break
    else:
        complete = False
    kinds = sorted({*stored, *pending})
    return Accounting(
        tuple(KindCount(kind, *stored.get(kind, (0, 0, 0)), pending=pending[kind]) for kind in kinds), complete
    )


def pending_bytes() -> int:
    """How much journal the loader has not taken yet: its lag."""
    segments, _ = _segments()
    cursors = _cursors(segment.name for segment in segments)
    total = 0
    for segment in segments:
        position, done = cursors.get(segment.name, (0, False))
        try:
            total += 0 if done else max(0, segment.size() - position)
        except FileNotFoundError:
            continue
    return total


def _segments() -> tuple[list[Piece], bool]:
    """What lies in this folder and what other hosts have shipped, each once; False: the storage did not answer.

    This folder first: a segment that is shipped in between is seen twice rather than not at all.
    """
    found: dict[str, Piece] = {segment.name: segment for segment in folder.segments(Path(settings.FERRY_JOURNAL_DIR))}
    files = storage.handed_over()
    try:
        found.update({segment.name: segment for segment in (arrived(files) if files is not None else ())})
    except StorageAway:
        log.exception("shipped segments are not counted: the storage did not answer")
        return list(found.values()), False
    return list(found.values()), True


def _cursors(names: Iterable[str]) -> dict[str, tuple[int, bool]]:
    return {name: (cursor.position, cursor.done) for name, cursor in recording.cursors(names).items()}


def _pending(
    segments: Iterable[Piece], cursors: Mapping[str, tuple[int, bool]], host_app_id: str, day: date
) -> tuple[Counter[str], bool]:
    """What waits in the segments beyond the cursors. Raises FileNotFoundError when one was finished meanwhile."""
    found: Counter[str] = Counter()
    budget = _MOST_PENDING
    for segment in segments:
        position, done = cursors.get(segment.name, (0, False))
        while not done and budget > 0:
            chunk, _ = folder.read(segment, position)
            for kind, payload in chunk.records:
                if registry.handler_of(kind) is not None:
                    measure = registry.measure(kind, payload)
                    found[kind] += measure.events if (measure.app, measure.day) == (host_app_id, day) else 0
            position, budget, done = position + chunk.consumed, budget - chunk.consumed, chunk.consumed == 0
    return +found, budget > 0
