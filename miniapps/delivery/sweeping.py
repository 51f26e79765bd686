"""Forgets derived files that nobody wants any more, a day after the plan first left them out.

A day, because a release that is rolled back and started again should not be made anew, and because an edge serves what
it named for ten minutes more.
"""

from __future__ import annotations

from datetime import timedelta

from ferry.kernel import clock
from ferry.kernel.publishing.services import publishing_workspace
from ferry.kernel.storage import blobs
from miniapps.delivery.making import claim_again
from miniapps.models import Derived, Version

KEPT = timedelta(days=1)


def sweep() -> int:
    """Delete the rows, then the blobs that no other row names; how many rows went."""
    old = Derived.objects.unscoped().filter(unwanted_since__lte=clock.now() - KEPT)
    gone = 0
    for row in list(old.select_related("workspace", "program")):
        with publishing_workspace(row.workspace) as publications:
            held = Derived.objects.of(row.workspace).filter(pk=row.pk, unwanted_since=row.unwanted_since)
            gone += held.delete()[0]
            publications.changed("program", row.program.program_id)
        if row.sha256:
            _let_go(row.sha256)
    return gone


def _let_go(sha256: str) -> None:
    """Delete the blob unless somebody names it.

    A worker may store the same bytes at this moment: whoever of the two looks last sees what the other did, here by
    looking for rows again, there by looking for the blob again.
    """
    named = Derived.objects.unscoped().filter(sha256=sha256).select_related("workspace")
    if named.exists() or Version.objects.unscoped().filter(sha256=sha256).exists():
        return
    blobs().delete(sha256)
    for row in named:
        claim_again(row)
