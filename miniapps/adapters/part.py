"""The published part "adapter" of one mini-program on one host app: what only adapters need of its releases.

Made of the same rows as the part "program" and built whenever that one is; kept apart so that a check-in, which needs
none of it, does not carry it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferry.kernel.publishing.registry import PartBody
from miniapps import snapshot
from miniapps.models import Listing, Release

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


def build(host_app: HostApp, key: str) -> PartBody | None:
    """The part of the program with this id; None when it is not listed there."""
    listing = (
        Listing.objects.of(host_app.workspace)
        .filter(host_app=host_app, program__program_id=key)
        .select_related("program")
        .first()
    )
    if listing is None:
        return None
    releases = snapshot.open_releases(host_app, listing.program)
    return PartBody({"id": key, "releases": {release.pk: _given(release) for release in releases}})


def _given(release: Release) -> dict[str, Any]:
    version = release.version
    return {
        "code": version.code,
        "sha256": version.sha256,
        "size": version.size,
        "codepush_hash": version.codepush_hash,
        "notes": version.notes,
        "mandatory": release.apply == "at_once",
        "range": version.host_range,
    }
