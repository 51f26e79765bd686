"""The list of what is offered at all on a host app: the published part "offered", and how a phone reads it.

A phone cannot check which of the offered versions it ought to get, for that is decided at the edge. It can check that
what it gets is offered to somebody now, and that what it has still is: the freshness statement names this list by its
sha256. So a mirror can neither bring back a version that was rolled back nor keep one open that was withdrawn.

Programs stand in it as digests. Whoever knows a program can ask about it; nobody can read off which ones there are,
for a program that is not for a device looks to it as if it did not exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from ferry.kernel.publishing.registry import PartBody
from ferry.kernel.signing.canonical import canonical_json
from miniapps.models import Listing, Release
from miniapps.releases import OPEN
from miniapps.snapshot import offered_releases

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

DIGITS = 16  # 64 bits: nobody can make a version whose digest is in a list of thousands
WITHDRAWN = "withdrawn"


def keys(host_app: HostApp) -> Iterable[str]:
    """One part for each host app."""
    return ("",)


def build(host_app: HostApp, key: str) -> PartBody:
    """{"versions": […], "withdrawn": […]}, each a sorted list of digests."""
    listings = Listing.objects.of(host_app.workspace).filter(host_app=host_app).select_related("program")
    by_program: dict[str, list[Release]] = defaultdict(list)
    rows = Release.objects.of(host_app.workspace).filter(host_app=host_app, state__in=OPEN).select_related("version")
    for release in rows.defer("version__files", "version__report"):
        by_program[release.program_id].append(release)
    versions: set[str] = set()
    withdrawn: set[str] = set()
    for listing in listings:
        program_id = listing.program.program_id
        if listing.withdrawn_at is not None:
            withdrawn.add(digest(host_app.app_key, program_id, WITHDRAWN))
        for release in offered_releases(by_program[listing.program_id]):
            versions.add(digest(host_app.app_key, program_id, release.version.code))
    return PartBody({"versions": sorted(versions), "withdrawn": sorted(withdrawn)})


def digest(app_key: str, program_id: str, what: int | str) -> str:
    """How a version, or that a program is withdrawn, stands in the list: the start of a sha256 over canonical JSON."""
    return sha256(canonical_json([app_key, program_id, what])).hexdigest()[:DIGITS]
