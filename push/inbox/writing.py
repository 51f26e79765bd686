"""Appending to inboxes, and forgetting what has expired."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from ferry.kernel import clock
from ferry.kernel.publishing.hints import say
from push.models import InboxEntry, PositionCounter

HINT = "ferry:inbox"
COUNTER = "inbox"
_SWEPT_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is to reach one device, and until when it is worth anything."""

    workspace_id: str
    host_app_id: str
    device_id: str
    user: str  # whom it is for; "" = whoever holds the device
    message_id: str
    payload: Mapping[str, Any]
    expires_at: datetime


def append(envelopes: Sequence[Envelope]) -> None:
    """Put envelopes into inboxes, in this order, inside the caller's transaction. A second copy for a device is left
    out.

    The counter's row stays locked until the caller commits, so positions become visible in order: whoever has read up
    to a position has missed nothing before it. It also means that one sender at a time appends, so commit soon.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("positions are only in order inside a transaction")
    if not envelopes:
        return
    last = _take(len(envelopes))
    InboxEntry.objects.insert(
        (
            InboxEntry(
                workspace_id=each.workspace_id,
                host_app_id=each.host_app_id,
                device_id=each.device_id,
                user=each.user,
                position=position,
                message_id=each.message_id,
                payload=dict(each.payload),
                expires_at=each.expires_at,
            )
            for position, each in enumerate(envelopes, start=last - len(envelopes) + 1)
        ),
        ignore_conflicts=True,
    )
    transaction.on_commit(lambda: say(HINT, str(last)))


def _take(count: int) -> int:
    """Take `count` positions and give the last one; the counter's row is locked from here on.

    Positions never fall behind the clock (microseconds since 1970). So a database that was restored from a backup
    goes on above every cursor that phones hold, and a position tells nobody how many messages others get.
    """
    floor = time.time_ns() // 1000
    rows = PositionCounter.objects.filter(pk=COUNTER)
    if not rows.update(value=Greatest(F("value"), Value(floor)) + count):
        PositionCounter.objects.bulk_create([PositionCounter(name=COUNTER)], ignore_conflicts=True)
        rows.update(value=Greatest(F("value"), Value(floor)) + count)
    return int(rows.values_list("value", flat=True).get())


def sweep() -> int:
    """Delete what has expired, in pieces, so that no sender waits for long; how many entries went."""
    swept = 0
    while True:
        rows = InboxEntry.objects.unscoped().filter(expires_at__lte=clock.now()).order_by("expires_at")
        found = list(rows.values_list("pk", flat=True)[:_SWEPT_AT_ONCE])
        swept += InboxEntry.objects.unscoped().filter(pk__in=found).delete()[0]
        if len(found) < _SWEPT_AT_ONCE:
            return swept
