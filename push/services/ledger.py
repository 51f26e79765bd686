"""Writing the ledger: rows before the send, answers after it, and rows that wait for another time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection
from django.db.models import F, QuerySet

from ferry.kernel import clock
from push.models import Delivery, Shard
from push.rules.ledger import State
from push.services.batches import Batch, Item
from push.services.claims import Claim

_INSERT = """
    INSERT INTO push_delivery (workspace_id, message_id, shard_id, device_id, "user", channel, state, reason, attempts,
                               planned_at, sent_at, provider_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')
"""
_ACCEPT = """
    UPDATE push_delivery SET state = 'accepted', accepted_at = %s, provider_id = %s, shard_id = NULL
    WHERE message_id = %s AND device_id = %s AND state = 'sending'
"""
_GRID_S = 15  # waiting times are rounded up to it, so that a retry storm makes few waves


def write_batch(claim: Claim, batch: Batch) -> None:
    """What was decided about each device of the batch, in the transaction that also moves the cursor."""
    waves = {
        at: wave(claim, at)
        for at in sorted({on_grid(item.verdict.at) for item in batch.items if item.verdict.state is State.WAITING})
    }
    now = clock.now()
    fresh = [item for item in batch.items if item.row is None]
    if fresh:
        _insert(claim, fresh, waves, now)
    again: dict[tuple[State, str, datetime | None], list[int]] = defaultdict(list)
    for item in batch.items:
        if item.row is not None:
            at = on_grid(item.verdict.at) if item.verdict.state is State.WAITING else None
            again[item.verdict.state, item.verdict.reason, at].append(item.row)
    rows = Delivery.objects.of(claim.message.workspace)
    for (state, reason, at), numbers in again.items():
        here = rows.filter(pk__in=numbers, shard_id=claim.shard.pk)
        if state is State.SENDING:
            here.update(state=state, reason="", attempts=F("attempts") + 1, sent_at=now)
        elif state is State.WAITING and at is not None:
            here.update(state=state, reason=reason, shard_id=waves[at], planned_at=at)
        else:
            here.update(state=state, reason=reason, shard=None)
    if again:  # the channel may be another than at the first attempt
        by_channel: dict[str, list[int]] = defaultdict(list)
        for item in batch.sendable:
            if item.row is not None and item.reached is not None:
                by_channel[item.reached.channel].append(item.row)
        for channel, numbers in by_channel.items():
            rows.filter(pk__in=numbers).exclude(channel=channel).update(channel=channel)


def wave(claim: Claim, at: datetime) -> str:
    """The shard whose rows are due at `at`, made or opened again, and locked until the end of the transaction.

    Its row is locked before any ledger row points to it: whoever finishes it locks it first too, so neither misses
    the other. Waves only lead forward in time, so locks are always taken in the same order.
    """
    shards = Shard.objects.of(claim.message.workspace)
    own = claim.shard
    new = Shard(
        workspace=claim.message.workspace,
        message=claim.message,
        number=own.number,
        wave=at,
        not_before=at,
        urgent=own.urgent,
    )
    Shard.objects.insert([new], ignore_conflicts=True)
    row = shards.select_for_update().get(message=claim.message, number=own.number, wave=at)
    if row.state in (Shard.State.DONE, Shard.State.STOPPED):
        shards.filter(pk=row.pk).update(state=Shard.State.READY, not_before=at)
    return row.pk


def postpone(claim: Claim, items: Iterable[tuple[Item, datetime, str]]) -> None:
    """Let copies that were given to a channel wait for another attempt: (item, when, reason). Fenced by the caller."""
    groups: dict[tuple[datetime, str], list[str]] = defaultdict(list)
    for item, at, reason in items:
        groups[on_grid(at), reason].append(item.device_id)
    waves = {at: wave(claim, at) for at in sorted({at for at, _ in groups})}
    for (at, reason), device_ids in groups.items():
        sent(claim, device_ids).update(state=State.WAITING, reason=reason, shard_id=waves[at])


def accept(claim: Claim, items: Sequence[tuple[Item, str]]) -> None:
    """The channel has taken these copies: (item, the channel's own id)."""
    now = clock.now()
    if not any(provider_id for _, provider_id in items):
        sent(claim, [item.device_id for item, _ in items]).update(state=State.ACCEPTED, accepted_at=now, shard=None)
        return
    at, message_id = connection.ops.adapt_datetimefield_value(now), claim.message.pk
    with connection.cursor() as cursor:
        cursor.executemany(_ACCEPT, [(at, provider_id[:80], message_id, item.device_id) for item, provider_id in items])


def fail(claim: Claim, items: Sequence[Item], reason: str) -> None:
    """These copies are refused for good."""
    sent(claim, [item.device_id for item in items]).update(state=State.FAILED, reason=reason, shard=None)


def sent(claim: Claim, device_ids: Sequence[str]) -> QuerySet[Delivery]:
    """Rows of this message that are still 'sending': a receipt may have come before the channel's answer."""
    return Delivery.objects.of(claim.message.workspace).filter(
        message_id=claim.message.pk, device_id__in=device_ids, state=State.SENDING
    )


def on_grid(at: datetime) -> datetime:
    """`at`, rounded up."""
    seconds = at.timestamp()
    return datetime.fromtimestamp(-(-seconds // _GRID_S) * _GRID_S, UTC)


def _insert(claim: Claim, items: Sequence[Item], waves: dict[datetime, str], now: datetime) -> None:
    """New rows, by a plain statement: through model objects this was the largest part of a campaign's CPU time."""
    adapt = connection.ops.adapt_datetimefield_value
    message, own, at = claim.message, claim.shard.pk, adapt(now)
    rows = []
    for item in items:
        verdict = item.verdict
        goes = verdict.state is State.SENDING
        shard = own if goes else waves[on_grid(verdict.at)] if verdict.state is State.WAITING else None
        channel = item.reached.channel if item.reached else ""
        rows.append(
            (
                *(message.workspace_id, message.pk, shard, item.device_id, item.user, str(channel)),
                *(verdict.state.value, str(verdict.reason), 1 if goes else 0),
                *(adapt(verdict.at), at if goes else None),
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
