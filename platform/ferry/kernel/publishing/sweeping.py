"""Deletes the parts and sets that no snapshot has named for an hour.

An hour, because an edge may still be loading the manifest of a moment ago. Publishers write nothing to parts that are
there already; so the sweep stops them all for the moment that it takes, by holding what each of them locks first.
"""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.db import transaction

from ferry.kernel import clock
from ferry.kernel.publishing import parts, registry
from ferry.kernel.publishing.models import SnapshotPart, SnapshotVersion

KEPT = timedelta(hours=1)


def sweep_parts() -> int:
    """Mark what nothing names, delete what was marked an hour ago and is still unnamed; how many parts went.

    `store_set` takes no lock but takes the mark away, and the DELETE asks for the mark again once it has the row.
    """
    now = clock.now()
    with transaction.atomic():
        named = _named()
        there = dict(SnapshotPart.objects.values_list("sha256", "unused_since"))
        unnamed = sorted(there.keys() - named)
        for batch in parts.batches(sorted(sha for sha in named if there.get(sha))):
            SnapshotPart.objects.filter(pk__in=batch).update(unused_since=None)
        gone = 0
        for batch in parts.batches(unnamed):
            rows = SnapshotPart.objects.filter(pk__in=batch)
            gone += rows.filter(unused_since__lte=now - KEPT).delete()[0]
            rows.filter(unused_since=None).update(unused_since=now)
    return gone


def _named() -> set[str]:
    """Every address that a manifest or a holder names, with all publishers held, in the order in which they lock."""
    list(apps.get_model("identity", "Workspace").objects.select_for_update(no_key=True).order_by("pk"))
    named: set[str] = set()
    for row in SnapshotVersion.objects.select_for_update().order_by("pk"):
        named |= parts.referenced(row.manifest)
    for holder in registry.HOLDERS:
        named.update(holder())
    return named
