"""The published part of a segment: a function of its row alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from analytics.segments.models import Segment
from ferry.kernel.publishing.registry import PartBody

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

KIND = "segment"


def keys(host_app: HostApp) -> Iterable[str]:
    """Every segment of the workspace: any release of the host app may name it."""
    return Segment.objects.of(host_app.workspace).values_list("pk", flat=True)


def build(host_app: HostApp, key: str) -> PartBody | None:
    """The part's body; None when the segment is gone."""
    segment = Segment.objects.of(host_app.workspace).filter(pk=key).first()
    if segment is None:
        return None
    body = {"id": segment.pk, "name": segment.name, "constraints": segment.constraints}
    return PartBody(body, (segment.list_sha,) if segment.list_sha else ())


def held_sets() -> Iterable[str]:
    """Lists count as used even where no host app publishes them yet."""
    return Segment.objects.unscoped().exclude(list_sha="").values_list("list_sha", flat=True)
