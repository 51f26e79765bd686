"""Develop once, deliver to many: one version on every host app of the workspace, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferry.kernel.identity import selectors as identity
from miniapps.models import Release, Review, Version
from miniapps.selectors.rows import releases, reviews

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace


@dataclass(frozen=True, slots=True)
class Delivery:
    """One version on one host app."""

    host_app: HostApp
    fits: bool  # the app is active and runs on a platform of the version
    review: Review | None  # the newest
    releases: tuple[Release, ...]  # of this version, newest first


def deliveries(workspace: Workspace, version: Version) -> list[Delivery]:
    """The version on every host app, in three queries."""
    newest: dict[str, Review] = {}
    for review in reviews(workspace, version=version):
        newest.setdefault(review.host_app_id, review)
    given: dict[str, list[Release]] = {}
    for release in releases(workspace, program=version.program).filter(version=version):
        given.setdefault(release.host_app_id, []).append(release)
    return [
        Delivery(
            host_app=host_app,
            fits=host_app.active and bool(set(host_app.platforms) & set(version.host_range)),
            review=newest.get(host_app.pk),
            releases=tuple(given.get(host_app.pk, ())),
        )
        for host_app in identity.host_apps(workspace)
    ]
