"""Deletes stored files that nothing names: of uploads that died or were refused after storing, of replaced icons, of
deleted bundles and exports.

A blob is stored before the row that names it, so one without a row may be on its way. It goes when two things are true:
nobody put it for a day, which is longer than any request or job works, and this database has known nothing of it for a
day, which gives whoever restored an old database, or began with a wrong one, that long to notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ferry.kernel import clock
from ferry.kernel.publishing.parts import batches
from ferry.kernel.storage import blobs
from miniapps.models import Archive, Derived, MiniProgram, Orphan, Part, Version

KEPT = timedelta(days=1)


def sweep_orphans() -> int:
    """Note what nothing names, delete what was noted a day ago; how many blobs went.

    First the files are listed, then the rows: a row that is written after that named a file that was put after the
    listing, and `remove_older` leaves such a file alone.
    """
    store, limit = blobs(), clock.now() - KEPT
    old = {blob.sha256 for blob in store.stored() if blob.put_at <= limit}
    orphans = old.difference(_named())
    noted = dict(Orphan.objects.values_list("sha256", "since"))
    _forget(noted.keys() - orphans)
    now = clock.now()
    new = [Orphan(sha256=sha256, since=now) for sha256 in sorted(orphans - noted.keys())]
    Orphan.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)  # two sweeps may look at once
    due = [sha256 for sha256 in sorted(orphans) if sha256 in noted and noted[sha256] <= limit]
    gone = sum(store.remove_older(sha256, limit) for sha256 in due)
    _forget(due)
    return gone


def _named() -> Iterator[str]:
    """The address of every blob that a row of any workspace names: versions, parts, derived files, archives, icons."""
    for rows in (Version.objects, Part.objects, Derived.objects, Archive.objects):
        yield from rows.unscoped().values_list("sha256", flat=True).iterator()
    for icons in MiniProgram.objects.unscoped().values_list("icons", flat=True).iterator():
        yield from icons.values()


def _forget(noted: Iterable[str]) -> None:
    for batch in batches(sorted(noted)):
        Orphan.objects.filter(pk__in=batch).delete()
