"""What the audiences of campaigns stand on: segments that must not be deleted, stored sets that must not be swept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from analytics.audience import held_sets as sets_of
from push.models import Campaign, Message
from push.rules.campaigns import State

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

_UNDER_WAY = (State.PENDING_APPROVAL, State.APPROVED, State.SCHEDULED, State.SENDING)


def uses(workspace: Workspace, segment_id: str) -> list[str]:
    """The campaigns under way that are for the segment, in words."""
    rows = Campaign.objects.of(workspace).filter(state__in=_UNDER_WAY).only("name", "audience")
    said = _("the campaign {name}")
    return [said.format(name=row.name) for row in rows if row.audience.get("segment") == segment_id]


def held_sets() -> Iterable[str]:
    """The stored sets that messages under way were frozen with."""
    rows = Message.objects.unscoped().filter(finished_at=None, audience__isnull=False)
    return sets_of(rows.values_list("audience", flat=True))
