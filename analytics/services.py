"""Acts on analytics' data that people do. The loader writes the data itself (analytics.handlers)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from analytics import selectors
from analytics.models import Device
from analytics.reports.timeline import Happening, timeline
from analytics.store import Refused
from analytics.values import DeviceContext
from ferry.kernel.audit import services as audit
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right


@transaction.atomic
def open_device(*, actor: Actor, host_app_id: str, device_id: str) -> DeviceContext:
    """Show one device to a person. Personal data is read, so the audit log says who did. Raises NotFound."""
    require(actor, Right.VIEW_DEVICES)
    device = selectors.device(actor.workspace, host_app_id, device_id)
    audit.record(actor=actor, action="device.viewed", target=("device", device_id), after={"host_app": host_app_id})
    return device


@transaction.atomic
def list_devices(*, actor: Actor, host_app_id: str, user: str = "") -> QuerySet[Device]:
    """The devices of a host app for a person to look through; the audit log says who did. Raises NotFound."""
    require(actor, Right.VIEW_DEVICES)
    rows = selectors.devices(actor.workspace, host_app_id)
    if user:
        rows = rows.filter(bound_user=user)
    audit.record(actor=actor, action="devices.listed", target=("hostapp", host_app_id), after={"user": user})
    return rows


@transaction.atomic
def open_quarantine(*, actor: Actor, host_app_id: str, day: date, limit: int) -> list[Refused]:
    """Show what was refused on one received day; it may hold personal data, so the audit log says who looked."""
    require(actor, Right.VIEW_DEVICES)
    refused = selectors.quarantine(actor.workspace, host_app_id, day, limit=limit)
    audit.record(
        actor=actor, action="quarantine.viewed", target=("hostapp", host_app_id), after={"day": day.isoformat()}
    )
    return refused


def open_timeline(
    *,
    actor: Actor,
    host_app_id: str,
    user: str = "",
    device: str = "",
    before: datetime | None = None,
    limit: int = 100,
) -> list[Happening]:
    """Show a person what one user or device did. Personal data is read, so the audit log says who looked at whom.

    The files are read first and the entry is written then, so that a slow answer never holds the database; nothing is
    shown without the entry. Raises NotFound, ReportInvalid.
    """
    require(actor, Right.VIEW_DEVICES)
    found = timeline(actor.workspace, host_app_id, user=user, device=device, before=before, limit=limit)
    with transaction.atomic():
        audit.record(
            actor=actor,
            action="timeline.viewed",
            target=("user", user) if user else ("device", device),
            after={"host_app": host_app_id},
        )
    return found
