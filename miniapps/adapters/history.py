"""Keeping what the releases were: one generation for each publish that changed them. Called by the publisher alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ferry.kernel import clock
from miniapps import snapshot
from miniapps.adapters.dimina import KIND, next_number
from miniapps.models import Generation, MiniProgram

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

KEPT = 64
FORGOTTEN_AT_ONCE = 32  # together, for forgetting is the one thing that may offer a device what it has already
_RULES = ("id", "kind", "rule", "range", "installed_only")


def remember(host_app: HostApp, key: str) -> None:
    """Store the releases of a program as the next generation, when they differ from the newest one.

    Only for programs that have, or had, a version for Dimina. Inside the publication, once all rows are written.
    """
    listing = snapshot.listed(host_app, key)
    if listing is None:
        return
    program = listing.program
    releases = snapshot.open_releases(host_app, program)
    newest = generations(host_app, program).last()
    if newest is None and not any(release.version.kind == KIND for release in releases):
        return
    part = snapshot.compose(program, listing, releases, {}, {}, snapshot.invitations(host_app, releases))
    rules = [_rule(entry) for entry in part.body["releases"]]
    if newest is not None and newest.releases == rules:
        return
    highest = max((entry["version"]["code"] for entry in rules), default=1)
    Generation.objects.create(
        workspace=host_app.workspace,
        host_app=host_app,
        program=program,
        number=next_number(newest.number if newest else None, highest),
        published_at=clock.now(),
        releases=rules,
        sets=list(part.sets),
    )
    _forget(host_app, program)


def generations(host_app: HostApp, program: MiniProgram) -> Any:
    """The generations of a program on a host app, oldest first."""
    rows = Generation.objects.of(host_app.workspace).filter(host_app=host_app, program=program)
    return rows.order_by("number")


def held_sets() -> Iterable[str]:
    """The stored sets that some generation names: none of them is swept."""
    for sets in Generation.objects.unscoped().exclude(sets=[]).values_list("sets", flat=True):
        yield from sets


def _rule(entry: dict[str, Any]) -> dict[str, Any]:
    version = entry["version"]
    kept: dict[str, Any] = {name: entry[name] for name in _RULES}
    return kept | {"version": {"code": version["code"], "kind": version["kind"]}}


def _forget(host_app: HostApp, program: MiniProgram) -> None:
    rows = generations(host_app, program)
    if rows.count() > KEPT:
        old = list(rows.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
        rows.filter(pk__in=old).delete()
