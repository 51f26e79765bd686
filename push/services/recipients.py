"""The values that a service message's recipients brought for its placeholders."""

from __future__ import annotations

from collections.abc import Iterable

from push.models import Message, Recipient
from push.services.batches import Item
from push.services.claims import Claim


def load(claim: Claim, items: Iterable[Item]) -> None:
    """Read the values of these users into the claim, once each."""
    if claim.message.kind != Message.Kind.SERVICE:
        return
    users = {item.user for item in items if item.user} - claim.values.keys()
    if users:
        rows = Recipient.objects.of(claim.message.workspace).filter(message=claim.message, user__in=list(users))
        claim.values.update(rows.values_list("user", "values"))
