"""What others read of segments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from analytics.segments.models import Segment
from ferry.kernel import clock
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.models import Workspace
from ferry.kernel.ids import is_id
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing import sets
from ferry.kernel.targeting import compile_rule, compile_segment


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the devices seen last belong to a segment."""

    devices: int
    matched: int


def segments(workspace: Workspace) -> QuerySet[Segment]:
    """All segments of a workspace."""
    return Segment.objects.of(workspace)


def segment(workspace: Workspace, segment_id: str) -> Segment:
    """One segment. Raises NotFound, also when it is another workspace's."""
    fits = is_id(segment_id)
    row = Segment.objects.of(workspace).filter(pk=segment_id).first() if fits else None
    if row is None:
        raise NotFound(kind="segment")
    return row


def constraints_of(workspace: Workspace, segment_ids: Collection[str]) -> Mapping[str, Sequence[Any]]:
    """Segment id to its compiled constraints, of those that exist: what compile_rule takes as `segments`."""
    rows = Segment.objects.of(workspace).filter(pk__in=list(segment_ids))
    return {row.pk: compile_segment(row.pk, row.constraints, sets=_lists([row])) for row in rows}


def members(segment: Segment) -> frozenset[str]:
    """The ids on a list; empty for a segment made of rules."""
    return _lists([segment]).get(segment.list_sha, frozenset())


def reach(workspace: Workspace, segment: Segment, host_app_id: str, *, limit: int = 10_000) -> Reach:
    """Ask the engine itself, for each of the devices seen last. Raises NotFound for a host app elsewhere."""
    from analytics.selectors import recent_devices
    from ferry.kernel.identity import selectors as identity

    app = identity.host_app(workspace, host_app_id)
    rule = compile_rule(
        {"any": [{"segments": [segment.pk]}]}, segments=constraints_of(workspace, [segment.pk]), sets={}
    )
    devices = recent_devices(workspace, host_app_id, limit)
    now = clock.now().timestamp()
    matched = sum(rule.matches(device.on(app, now=now)) for device in devices)
    return Reach(devices=len(devices), matched=matched)


def _lists(rows: Collection[Segment]) -> dict[str, frozenset[str]]:
    found = published.parts({row.list_sha for row in rows if row.list_sha})
    return {sha: sets.decode(body) for sha, body in found.items()}
