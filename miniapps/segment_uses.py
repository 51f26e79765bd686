"""What keeps a segment from being deleted: the open releases that name it. analytics.segments.uses asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from miniapps.models import Release
from miniapps.releases import OPEN

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


def uses(workspace: Workspace, segment_id: str) -> list[str]:
    """The open releases that name the segment, in words."""
    rows = Release.objects.of(workspace).filter(state__in=OPEN).exclude(segment_ids=[])
    said = _("the release of {program} {version} on {host_app}")
    return [
        said.format(program=row.program.name, version=row.version.name, host_app=row.host_app.name)
        for row in rows.select_related("program", "version", "host_app").only(
            "segment_ids", "program__name", "version__name", "host_app__name"
        )
        if segment_id in row.segment_ids
    ]
