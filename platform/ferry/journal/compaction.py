"""Many small Parquet files into few large ones, under the loader's lease and the same rules as its steps.

A loader that keeps up adds a file a second for every active host app, and a question opens every file of its days. So
files of about one size are merged as soon as there are FAN of them, which writes a row again once for each power of
FAN, and what is left of a day is made one file when nothing more has come for it.

One merge:

    merge       the rows of the old files, sorted, under a temporary name, synced
    rename      the file gets its name, the folder is synced; no reader knows it yet
    commit      ONE transaction: the fence, the old rows out of the manifest, the new one in, the old paths noted
    later       the old files are deleted by the loader's sweep, KEPT after they left the manifest

A crash before the commit leaves a file without a manifest row, which the sweep deletes; the old ones still count and
are merged again. A reader that took its list before the commit reads the old files to its end.
"""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count

from ferry.journal import recording, registry
from ferry.journal.lake import Lake
from ferry.journal.models import RetiredFile, StoredFile
from ferry.kernel import clock, ids
from ferry.kernel.jobs.errors import LeaseLost

if TYPE_CHECKING:
    from ferry.journal.loader import Fence

log = logging.getLogger(__name__)

FAN = 16  # files of about one size that become one
FULL_ROWS = 1_000_000  # a file of so many is left alone: larger ones are no quicker to read, and slow to merge
MOST_ROWS = 2 * FULL_ROWS  # of one merge: about four seconds, during which the loader loads nothing
QUIET = timedelta(hours=1)  # nothing came for this long: the day is made one file
KEPT = timedelta(hours=1)  # a reader that knows an old file has come to its end; the longest is a training
LOOK_S = 10.0  # between two looks at the manifest
BUSY_S = 60.0  # between two merges while the journal has a backlog

Place = tuple[str, str, date]  # table, host app, day


@dataclass(frozen=True, slots=True)
class Small:
    """A file as the plan sees it. `id` orders files as they were loaded."""

    id: str
    rows: int


def worth_merging(files: Sequence[Small], *, quiet: bool) -> list[Small]:
    """Which files of one place become one now; none, when it is not worth it. Pure."""
    small = sorted((file for file in files if file.rows < FULL_ROWS), key=lambda file: (file.rows, file.id))
    if quiet:
        return _that_fit(small)
    tiers: dict[int, list[Small]] = defaultdict(list)
    for file in small:
        tiers[int(math.log(max(file.rows, 1), FAN))].append(file)
    for _, tier in sorted(tiers.items()):
        if len(tier) >= FAN:
            return _that_fit(tier)
    return []


def _that_fit(files: Iterable[Small]) -> list[Small]:
    chosen: list[Small] = []
    rows = 0
    for file in files:
        rows += file.rows
        if rows > MOST_ROWS:
            break
        chosen.append(file)
    return chosen if len(chosen) > 1 else []


class Compactor:
    """Finds what is worth merging and merges it, one place at a time, between the loader's steps."""

    def __init__(self, lake: Lake, lease: Fence, *, crash_at: Callable[[str], None] = lambda point: None) -> None:
        self._lake, self._lease, self._point = lake, lease, crash_at
        self._looked_at = self._merged_at = 0.0
        self._places: list[Place] = []
        self._given_up: set[Place] = set()  # until the next sweep: what cannot be merged must not stop the loading

    def turn(self, *, busy: bool) -> bool:
        """One merge, if there is one to do. `busy`: the journal has a backlog, so this may wait. True: do ask again."""
        now = time.monotonic()
        if busy and now - self._merged_at < BUSY_S:
            return False
        if not self._places and now - self._looked_at >= LOOK_S:
            self._looked_at = now
            self._places = [place for place in _crowded() if place not in self._given_up]
        while self._places:
            place = self._places.pop()
            self._merged_at = now
            try:
                if self.merge(place):
                    return True
            except LeaseLost:
                raise
            except Exception:
                log.exception("files of %s stay as they are", place)
                self._given_up.add(place)
                self._lake.reopen()
        return False

    def try_again(self) -> None:
        """Forget what could not be merged."""
        self._given_up.clear()

    def merge(self, place: Place) -> bool:
        """Make one file of those of `place` that are worth it; whether any were. Raises LeaseLost."""
        table, app, day = place
        rows = StoredFile.objects.filter(table=table, host_app_id=app, day=day)
        plan = [Small(*row) for row in rows.values_list("pk", "rows")]
        chosen = worth_merging(plan, quiet=max(file.id for file in plan) < _quiet_before()) if plan else []
        if not chosen:
            return False
        old = {file.id for file in chosen}
        paths = dict(rows.filter(pk__in=old).values_list("pk", "path"))
        self._lease.fence()  # a full term for what takes longest
        merged = self._lake.copy(
            table=table,
            app=app,
            day=day,
            query=registry.layout(table).format(
                files="read_parquet($1, union_by_name = true, hive_partitioning = false)"
            ),
            parameters=[[str(self._lake.root / path) for path in paths.values()]],
        )
        try:
            self._point("merged")
            self._lake.publish([merged])
            self._point("merge renamed")
            recording.commit_durably()
            with transaction.atomic():
                self._lease.fence()
                if StoredFile.objects.filter(pk__in=old).delete()[0] != len(old):
                    raise LeaseLost(name=str(place))  # somebody else has touched them
                RetiredFile.objects.bulk_create(RetiredFile(path=path) for path in paths.values())
                StoredFile.objects.create(
                    id=max(old),  # its place among the newest files is that of the newest rows in it
                    table=table,
                    host_app_id=app,
                    day=day,
                    path=merged.path,
                    rows=merged.rows,
                    bytes=merged.bytes,
                )
                self._point("merge in transaction")
        except BaseException:
            self._lake.discard([merged])
            raise
        self._point("merge committed")
        return True


def retired(paths: Iterable[str]) -> set[str]:
    """Which of these files a reader may still know, though the manifest does not name them any more."""
    kept = RetiredFile.objects.filter(retired_at__gt=clock.now() - KEPT).values_list("path", flat=True)
    return set(kept).intersection(paths)


def forget_retired() -> None:
    """Their files are gone."""
    RetiredFile.objects.filter(retired_at__lte=clock.now() - KEPT).delete()


def _crowded() -> list[Place]:
    """Where files may be worth merging, the most crowded place last."""
    rows = (
        StoredFile.objects.filter(table__in=registry.layouts(), rows__lt=FULL_ROWS)
        .values_list("table", "host_app_id", "day")
        .annotate(number=Count("pk"))
        .filter(number__gt=1)
        .order_by("number")
    )
    return [(table, app, day) for table, app, day, _ in rows]


def _quiet_before() -> str:
    """No file with an id below this was loaded within QUIET."""
    return ids.floor(clock.now_ms() - int(QUIET.total_seconds() * 1000))
