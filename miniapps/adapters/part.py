"""The published part "adapter" of one mini-program on one host app: what only adapters need of its releases.

Made of the same rows as the part "program" and built whenever that one is; kept apart so that a check-in, which needs
none of it, does not carry it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferry.kernel.publishing.registry import PartBody
from miniapps import snapshot
from miniapps.adapters.history import generations
from miniapps.delivery import selectors as delivery
from miniapps.models import Generation, Release

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


def build(host_app: HostApp, key: str) -> PartBody | None:
    """The part of the program with this id; None when it is not listed there."""
    listing = snapshot.listed(host_app, key)
    if listing is None:
        return None
    program = listing.program
    releases = snapshot.open_releases(host_app, program)
    made = delivery.made(host_app.workspace, (release.version.sha256 for release in releases))
    given = {release.pk: _given(release, made.get(release.version.sha256, {}).get("forms", {})) for release in releases}
    past = list(generations(host_app, program))
    body = {"id": key, "name": program.name, "releases": given, "generations": [_generation(row) for row in past]}
    return PartBody(body, tuple(sorted({sha for row in past for sha in row.sets})))


def _generation(row: Generation) -> dict[str, Any]:
    return {"number": row.number, "at": row.published_at.timestamp(), "releases": row.releases}


def _given(release: Release, forms: dict[str, Any]) -> dict[str, Any]:
    version = release.version
    return {
        "version": version.pk,
        "name": version.name,
        "entry": version.entry,
        "deflated": forms.get("deflated"),
        "code": version.code,
        "sha256": version.sha256,
        "size": version.size,
        "codepush_hash": version.codepush_hash,
        "notes": version.notes,
        "mandatory": release.apply == "at_once",
        "range": version.host_range,
    }
