"""What the loader writes about its own work, inside its transaction: counts and cursors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from ferry.journal import folder
from ferry.journal.frames import Record
from ferry.journal.models import Cursor, DailyCount
from ferry.journal.work import Work
from ferry.kernel import clock
from ferry.kernel.jobs.errors import LeaseLost

_AT_ONCE = 500  # names in one question; SQLite takes no more than some thousand


@dataclass(frozen=True, slots=True)
class Move:
    """How far a step takes one segment."""

    segment: folder.Piece
    start: int
    end: int
    records: Sequence[Record]
    damaged: int
    torn: int
    done: bool


def cursors(names: Iterable[str]) -> dict[str, Cursor]:
    """By segment: those with these names, and all that are not kept only to know a second copy by."""
    found = {cursor.segment: cursor for cursor in Cursor.objects.exclude(shipped=True, done=True)}
    named = sorted(names)
    for start in range(0, len(named), _AT_ONCE):
        rows = Cursor.objects.filter(segment__in=named[start : start + _AT_ONCE])
        found.update({cursor.segment: cursor for cursor in rows})
    return found


def count(work: Work) -> None:
    for (app, kind, day), count in work.counts.items():
        row = DailyCount.objects.filter(host_app_id=app, kind=kind, day=day)
        moved = row.update(
            received=F("received") + count.received,
            stored=F("stored") + count.stored,
            duplicate=F("duplicate") + count.duplicate,
            rejected=F("rejected") + count.rejected,
        )
        if not moved:
            DailyCount.objects.create(
                host_app_id=app,
                kind=kind,
                day=day,
                received=count.received,
                stored=count.stored,
                duplicate=count.duplicate,
                rejected=count.rejected,
            )


def advance(move: Move, token: int) -> None:
    moved = Cursor.objects.filter(segment=move.segment.name, position=move.start, done=False).update(
        position=move.end,
        records=F("records") + len(move.records),
        damaged=F("damaged") + move.damaged,
        torn=F("torn") + move.torn,
        done=move.done,
        shipped=move.segment.shipped,
        token=token,
        updated_at=clock.now(),
    )
    if not moved:
        if move.start:
            raise LeaseLost(name=move.segment.name)  # the cursor is not where this step began
        Cursor.objects.create(
            segment=move.segment.name,
            position=move.end,
            records=len(move.records),
            damaged=move.damaged,
            torn=move.torn,
            done=move.done,
            shipped=move.segment.shipped,
            token=token,
        )


def commit_durably() -> None:
    """The segment is deleted after the commit, so the commit must be on the disk, whatever the site's own setting."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA fullfsync = ON")
        else:
            cursor.execute("SET synchronous_commit = on")
