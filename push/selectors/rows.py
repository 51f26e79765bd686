"""Rows of one workspace."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

from ferry.kernel.errors import NotFound
from ferry.kernel.identity.models import Workspace
from ferry.kernel.ids import is_id
from push.models import Campaign, Delivery, Message, Recipient, Template

M = TypeVar("M", bound=Model)


def templates(workspace: Workspace) -> QuerySet[Template]:
    """All templates."""
    return Template.objects.of(workspace)


def template(workspace: Workspace, template_id: str) -> Template:
    """One template. Raises NotFound."""
    return _one(templates(workspace), template_id, "template")


def campaigns(workspace: Workspace, *, state: str = "", host_app_id: str = "") -> QuerySet[Campaign]:
    """All campaigns, or those in a state or of a host app."""
    rows = Campaign.objects.of(workspace)
    if state:
        rows = rows.filter(state=state)
    return rows.filter(host_app_id=host_app_id) if host_app_id else rows


def campaign(workspace: Workspace, campaign_id: str) -> Campaign:
    """One campaign. Raises NotFound."""
    return _one(campaigns(workspace).select_related("workspace"), campaign_id, "campaign")


def messages(workspace: Workspace, *, kind: str = "", campaign_id: str = "") -> QuerySet[Message]:
    """All messages, or those of a kind or a campaign."""
    rows = Message.objects.of(workspace)
    if kind:
        rows = rows.filter(kind=kind)
    return rows.filter(campaign_id=campaign_id) if campaign_id else rows


def message(workspace: Workspace, message_id: str) -> Message:
    """One message. Raises NotFound."""
    return _one(messages(workspace).select_related("workspace"), message_id, "message")


def deliveries(message: Message, *, user: str = "", device_id: str = "", state: str = "") -> QuerySet[Delivery]:
    """The ledger of a message: one row for each device."""
    rows = Delivery.objects.of(message.workspace).filter(message=message)
    if user:
        rows = rows.filter(user=user)
    if device_id:
        rows = rows.filter(device_id=device_id)
    return rows.filter(state=state) if state else rows


def recipients(message: Message) -> QuerySet[Recipient]:
    """The users that a service message was addressed to."""
    return Recipient.objects.of(message.workspace).filter(message=message)


def _one(rows: QuerySet[M], row_id: str, kind: str) -> M:
    fits = is_id(row_id)
    row = rows.filter(pk=row_id).first() if fits else None
    if row is None:
        raise NotFound(kind=kind)
    return row
