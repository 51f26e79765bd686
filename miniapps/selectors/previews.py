"""What a preview host shows. The content listener asks by label, across workspaces: knowing the label is the right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from ferry.edge.content.previews import Preview
from ferry.kernel import clock
from miniapps.adapters.dimina import KIND as DIMINA
from miniapps.content_hosts import released_version
from miniapps.models import Listing, PreviewHost, Release, Version
from miniapps.releases import State
from miniapps.selectors.permissions import wished_domains
from miniapps.selectors.rows import one

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

_LABEL = frozenset("0123456789abcdefghjkmnpqrstvwxyz")


def preview(label: str) -> Preview | None:
    """The package behind a preview host; None when there is none or it has expired."""
    if not label or len(label) > 40 or not _LABEL.issuperset(label):
        return None
    version_id = released_version(label)
    if version_id is not None:
        return _released(version_id)
    found = (
        PreviewHost.objects.unscoped()
        .filter(label=label, expires_at__gt=clock.now())
        .select_related("version")
        .defer("version__report")
        .first()
    )
    if found is None:
        return None
    version = found.version
    files = tuple((path, offset, size, sha256) for path, offset, size, sha256 in version.files)
    connect, frames = wished_domains(version)
    return Preview(version.sha256, files, version.entry, found.expires_at, connect, frames)


def _released(version_id: str) -> Preview | None:
    """The files of a version that some host app's devices have, or had until an hour ago: open pages still load some.

    Of the kinds, only Dimina's web hosts load files one by one. Nothing where the program is withdrawn everywhere.
    """
    rows = Release.objects.unscoped().filter(version_id=version_id, version__kind=DIMINA, host_app__active=True)
    out = rows.filter(Q(state__in=[State.RUNNING, State.PAUSED]) | Q(ended_at__gt=clock.ago(hours=1)))
    closed = Listing.objects.unscoped().filter(
        host_app=OuterRef("host_app"), program=OuterRef("program"), withdrawn_at__isnull=False
    )
    release = out.exclude(Exists(closed)).select_related("version").defer("version__report").first()
    if release is None:
        return None
    version = release.version
    files = tuple((path, offset, size, sha256) for path, offset, size, sha256 in version.files)
    until = clock.now() + timedelta(hours=1)
    return Preview(version.sha256, files, version.entry, until, *wished_domains(version), released=True)


def previews(version: Version) -> QuerySet[PreviewHost]:
    """The previews of a version that still show it, the last to end first."""
    rows = PreviewHost.objects.of(version.workspace).filter(version=version, expires_at__gt=clock.now())
    return rows.order_by("-expires_at")


def preview_host(workspace: Workspace, preview_id: str) -> PreviewHost:
    """One preview, also when it is over. Raises NotFound."""
    rows = PreviewHost.objects.of(workspace).select_related("version", "version__program", "version__workspace")
    return one(rows, preview_id, "preview")


def preview_url(preview_host: PreviewHost) -> str:
    """Where a preview can be opened."""
    origin: str = settings.FERRY_CONTENT_ORIGIN
    return origin.replace("{version}", preview_host.label) + "/"
