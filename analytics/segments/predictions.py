"""Segments that a prediction fills: made once, then kept in step with the newest scores.

Members are given by analytics.churn, which knows the bands; here they are an ordinary stored list of users, so that
releases, switches and campaigns need to know nothing of predictions.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from analytics.segments import services, snapshot
from analytics.segments.models import Segment, SegmentField, SegmentKind
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp, Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing_workspace, store_set


def find(host_app: HostApp, band: str) -> Segment | None:
    """The segment of this host app's users in this band, if somebody has made it."""
    return of_app(host_app.workspace, host_app.pk).filter(predicted_band=band).first()


def of_app(workspace: Workspace, host_app_id: str) -> QuerySet[Segment]:
    """The predictions about one host app."""
    return Segment.objects.of(workspace).filter(kind=SegmentKind.PREDICTION, predicted_app=host_app_id)


def create(*, actor: Actor, host_app: HostApp, band: str, name: str, members: Iterable[str]) -> Segment:
    """The segment of a band: the one that is there, else a new one.

    Raises SegmentExists, SegmentInvalid, TooManySegments.
    """
    require(actor, Right.MANAGE_SEGMENTS)
    found = find(host_app, band)
    if found is not None:
        return found
    segment = Segment(
        workspace=actor.workspace,
        name=services.checked_name(name),
        kind=SegmentKind.PREDICTION,
        list_field=SegmentField.USER,
        predicted_app=host_app.pk,
        predicted_band=band,
    )
    unique = set(members)
    segment.set_list(store_set(unique), len(unique))
    with publishing_workspace(actor.workspace) as publications:
        found = find(host_app, band)
        if found is not None:
            return found
        services.add(segment)
        publications.changed(snapshot.KIND, segment.pk)
        record(actor=actor, action="segment.created", target=segment, after=services.told(segment))
    return segment


def refill(segment: Segment, members: Iterable[str]) -> bool:
    """Give the segment its members of today; whether anything changed. Publishes only then."""
    unique = set(members)
    address = store_set(unique)
    if address == segment.list_sha:
        return False
    with publishing_workspace(segment.workspace) as publications:
        row = Segment.objects.of(segment.workspace).filter(pk=segment.pk).first()
        if row is None or row.list_sha == address:
            return False
        row.set_list(address, len(unique))
        row.updated_at = clock.now()
        row.save(update_fields=["list_sha", "list_size", "constraints", "updated_at"])
        publications.changed(snapshot.KIND, row.pk)
    return True
