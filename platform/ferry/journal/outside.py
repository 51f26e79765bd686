"""Files that come past the journal: the history of an app, brought as a whole. They join the same manifest and counts.

The loader sweeps files that no manifest row names. So names and rows appear under the lock of the loader's lease: its
sweep begins with the fence, waits, and then reads a manifest that has the rows.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction
from django.db.models import F

from ferry.journal import disk, recording
from ferry.journal.lake import Lake, NewFile
from ferry.journal.models import DailyCount, StoredFile
from ferry.kernel import ids
from ferry.kernel.jobs import services as jobs

LOADER = "journal.loader"  # the loader's lease
_FOLDER = ".outside"
_FORGOTTEN_S = 86_400.0


@contextmanager
def outside_lake(root: Path) -> Iterator[Lake]:
    """A lake with a temporary folder of its own, removed at the end; what a killed one left goes after a day."""
    folder = root / _FOLDER
    disk.make_folder(folder)
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(left, ignore_errors=True)
    mine = folder / ids.new()
    lake = Lake(root, temporary=mine)
    try:
        yield lake
    finally:
        lake.duckdb.close()
        shutil.rmtree(mine, ignore_errors=True)


def publish(lake: Lake, files: Sequence[NewFile], *, kind: str, apply: Callable[[], None]) -> None:
    """All of the files count from here on, or none: names, manifest, counts of `kind` and `apply` in one transaction.

    A process that dies in between leaves files without a row, which the loader sweeps.
    """
    for file in files:
        disk.make_folder((lake.root / file.path).parent)
    recording.commit_durably()
    with transaction.atomic():
        jobs.keep_out(LOADER)
        apply()
        lake.publish(files)
        StoredFile.objects.bulk_create(
            [
                StoredFile(
                    table=file.table,
                    host_app_id=file.app,
                    day=file.day,
                    path=file.path,
                    rows=file.rows,
                    bytes=file.bytes,
                )
                for file in files
            ],
            batch_size=500,
        )
        for file in files:
            row, _ = DailyCount.objects.get_or_create(host_app_id=file.app, kind=kind, day=file.day)
            DailyCount.objects.filter(pk=row.pk).update(
                received=F("received") + file.rows, stored=F("stored") + file.rows
            )
