"""The published part of one mini-program on one host app: what the edge decides by and answers with.

A function of the rows alone, in the order in which a device is asked: trials, newest first; the gray release; full
releases, newest first, of which the older serve host apps outside the range of the newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ferry.kernel.publishing.registry import PartBody
from ferry.kernel.signing.selectors import public_keys
from ferry.kernel.signing.services import sign
from miniapps.delivery import selectors as delivery
from miniapps.models import Invitation, Listing, MiniProgram, Release, Review, ReviewState
from miniapps.releases import OPEN, Kind, Line, Reach, State, covers, lines
from miniapps.statement import package_statement
from miniapps.terms_signature import Sent, sent_terms

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

Invited = Mapping[str, Sequence[tuple[str, float]]]
"""Release id to its invitations: sha256 of the token, and the epoch second at which it ends."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})
_ORDER = {Kind.TRIAL: 0, Kind.GRAY: 1, Kind.FULL: 2}


def keys(host_app: HostApp) -> Iterable[str]:
    """The programs that are listed on the host app."""
    listed = Listing.objects.of(host_app.workspace).filter(host_app=host_app)
    return listed.values_list("program__program_id", flat=True)


def build(host_app: HostApp, key: str) -> PartBody | None:
    """The part of the program with this id; None when it is not listed there."""
    listing = listed(host_app, key)
    if listing is None:
        return None
    releases = open_releases(host_app, listing.program)
    versions = {release.version_id: release.version for release in releases}
    signed, terms = signatures(host_app, releases), sent_terms(host_app, versions)
    derived = delivery.made(host_app.workspace, (version.sha256 for version in versions.values()))
    parts = delivery.made_parts(host_app.workspace, versions.values())
    return compose(listing.program, listing, releases, signed, terms, invitations(host_app, releases), derived, parts)


def listed(host_app: HostApp, key: str) -> Listing | None:
    """The program with this id on the host app; None when it is not listed there."""
    rows = Listing.objects.of(host_app.workspace).filter(host_app=host_app, program__program_id=key)
    return rows.select_related("program").first()


def open_releases(host_app: HostApp, program: MiniProgram) -> list[Release]:
    """The releases that a part is made of, with their versions."""
    rows = Release.objects.of(host_app.workspace).filter(host_app=host_app, program=program, state__in=OPEN)
    return list(rows.select_related("version", "version__program").defer("version__files", "version__report"))


def invitations(host_app: HostApp, releases: Iterable[Release]) -> Invited:
    """For each trial its invitations that nobody has taken back. Their dates are in the rule, as a release's are."""
    trials = [release.pk for release in releases if release.kind == Kind.TRIAL]
    rows = Invitation.objects.of(host_app.workspace).filter(release_id__in=trials, revoked_at=None).order_by("id")
    found: dict[str, list[tuple[str, float]]] = {}
    for release_id, sha, expires_at in rows.values_list("release_id", "sha256", "expires_at"):
        found.setdefault(release_id, []).append((sha, expires_at.timestamp()))
    return found


def signatures(host_app: HostApp, releases: Iterable[Release]) -> dict[str, dict[str, str]]:
    """For each version the signature of its approval.

    One made with a key that has been revoked since is made again with the key in use: the approval stands, and phones
    no longer trust the old key.
    """
    versions = {release.version_id: release.version for release in releases}
    approved = Review.objects.of(host_app.workspace).filter(
        host_app=host_app, version_id__in=versions, state=ReviewState.APPROVED
    )
    trusted = set(public_keys(host_app.workspace).values_list("kid", flat=True))
    found: dict[str, dict[str, str]] = {}
    for version_id, signature in approved.values_list("version_id", "signature"):
        if signature is None or signature["kid"] not in trusted:
            message = package_statement(host_app.app_key, versions[version_id])
            found[version_id] = sign(workspace=host_app.workspace, purpose="package", message=message).as_json()
        else:
            found[version_id] = signature
    return found


def compose(
    program: MiniProgram,
    listing: Listing,
    releases: Sequence[Release],
    signed: Mapping[str, dict[str, str]],
    terms: Mapping[str, Sent],
    invited: Invited,
    derived: Mapping[str, dict[str, Any]] = _NOTHING,
    parts: Mapping[str, dict[str, Any]] = _NOTHING,
) -> PartBody:
    """The part of these rows. A dry run composes one with a release that does not exist yet."""
    entries: list[dict[str, Any]] = []
    sets: set[str] = set()
    for release in offered_releases(releases):
        version = release.version
        for line in lines(reach_of(release, invited.get(release.pk, ()))):
            entry = _entry(release, line, signed.get(version.pk))
            made = derived.get(version.sha256, {}) | parts.get(version.pk, {})
            entries.append(entry | terms.get(version.pk, {}) | made)
            sets.update(sha for sha in (release.allowlist_users, release.allowlist_devices) if sha)
    body = {
        "id": program.program_id,
        "name": program.name,
        "description": program.description,
        "category": program.category if listing.category is None else listing.category,
        "order": program.order if listing.order is None else listing.order,
        "icons": program.icons,
        "withdrawn": None if listing.withdrawn_at is None else {"message": listing.withdrawn_message},
        "releases": entries,
    }
    return PartBody(body, tuple(sorted(sets)))


def offered_releases(releases: Iterable[Release]) -> Iterator[Release]:
    """The open releases that somebody gets, in the order in which a device is asked."""
    reached: list[Mapping[str, Any]] = []  # ranges whose devices never get further
    for release in sorted(releases, key=lambda release: (_ORDER[Kind(release.kind)], -release.serial)):
        host_range = release.version.host_range
        if any(covers(range_before, host_range) for range_before in reached):
            continue
        if any(line.rule is None and not line.installed_only for line in lines(reach_of(release))):
            reached.append(host_range)
        yield release


def reach_of(release: Release, invited: Sequence[tuple[str, float]] = ()) -> Reach:
    """The row as the pure rules take it."""
    return Reach(
        kind=Kind(release.kind),
        state=State(release.state),
        share=release.share,
        stickiness=release.stickiness,
        cohort=release.cohort,
        conditions=release.conditions,
        segments=release.segment_ids,
        users_set=release.allowlist_users,
        devices_set=release.allowlist_devices,
        starts_at=release.starts_at.timestamp() if release.starts_at else None,
        ends_at=release.ends_at.timestamp() if release.ends_at else None,
        invitations=invited,
    )


def _entry(release: Release, line: Line, signature: Mapping[str, str] | None) -> dict[str, Any]:
    version = release.version
    return {
        "id": release.pk,
        "kind": str(release.kind),
        "rule": line.rule,
        "installed_only": line.installed_only,
        "range": version.host_range,
        "version": {
            "id": version.pk,
            "code": version.code,
            "name": version.name,
            "kind": version.kind,
            "sha256": version.sha256,
            "size": version.size,
            "files_root": version.files_root,
            "entry": version.entry,
            "notes": version.notes,
        },
        "signature": signature,
        "apply": release.apply,
        "network": release.network,
    }
