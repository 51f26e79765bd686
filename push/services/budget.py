"""The workers' common budget of a message: a row per message, locked while somebody takes from it."""

from __future__ import annotations

from ferry.kernel import clock
from push.models import Message, RateBudget
from push.rules.rate import Grant, take


def allow(message: Message, want: int) -> Grant:
    """How many of `want` may be sent now under the message's max_per_minute. Inside the caller's transaction."""
    if message.max_per_minute is None or not want:
        return Grant(want, [], 0.0)
    row = RateBudget.objects.of(message.workspace).select_for_update().get(pk=message.pk)
    grant = take(row.used, limit=message.max_per_minute, now_s=clock.now().timestamp(), want=want)
    if grant.granted:
        row.used = grant.log
        row.save(update_fields=["used"])
    return grant
