"""Handing a batch to its channels and writing down what they answer."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from ferry.kernel import clock
from ferry.kernel.jobs.errors import LeaseLost
from push import content
from push.engines.base import Outcome, Outgoing
from push.engines.registry import engine
from push.models import Address, Message
from push.rules.ledger import MOST_ATTEMPTS, Reason, backoff, delivery_id
from push.rules.placeholders import Words, fill
from push.services import ledger, recipients
from push.services.batches import Batch, Item
from push.services.claims import Claim

_log = logging.getLogger(__name__)
_MISCONFIGURED = timedelta(minutes=5)  # somebody has to change a setting


def send(claim: Claim, batch: Batch) -> timedelta | None:
    """Send what the batch decided to send. Returns how long the shard should rest, None to go on at once.

    Raises LeaseLost when the shard has passed to another worker: then nothing of ours is written, and nothing more
    is sent.
    """
    by_channel: dict[str, list[Item]] = defaultdict(list)
    for item in batch.sendable:
        if item.reached is not None:
            by_channel[item.reached.channel].append(item)
    recipients.load(claim, batch.sendable)
    words = content.words_of(claim.message)
    rests = [_send_by(claim, channel, items, words) for channel, items in sorted(by_channel.items())]
    return max((rest for rest in rests if rest is not None), default=None)


def _send_by(claim: Claim, channel: str, items: list[Item], words: Words) -> timedelta | None:
    outgoing = [_outgoing(claim, item, words) for item in items]
    carrier = engine(channel)
    if carrier.transactional:
        with transaction.atomic():  # the channel writes into our own database: with the ledger, or not at all
            claim.fence()
            return _settle(claim, channel, items, carrier.send(outgoing))
    if not claim.holds():  # suspended since the rows were written, and somebody else has them now
        raise LeaseLost(name=f"shard {claim.shard.pk}")
    try:
        outcomes = carrier.send(outgoing)
    except Exception:
        _log.exception("channel %s failed for a whole batch", channel)
        outcomes = []
    with transaction.atomic():
        claim.fence()
        return _settle(claim, channel, items, outcomes)


def _settle(claim: Claim, channel: str, items: Sequence[Item], outcomes: Sequence[Outcome]) -> timedelta | None:
    """Write the answers; a copy without one is tried again. Returns how long to rest."""
    answers = {outcome.delivery_id: outcome for outcome in outcomes}
    accepted, dead, refused, later, gave_up = [], [], [], [], []
    rest: timedelta | None = None
    problem = ""
    now = clock.now()
    for item in items:
        answer = answers.get(delivery_id(claim.message.pk, item.device_id))
        kind = answer.kind if answer is not None else "retry"
        if answer is not None and kind == "ok":
            accepted.append((item, answer.provider_id or ""))
        elif kind == "token_dead":
            dead.append(item)
        elif kind == "failed":
            refused.append(item)
            problem = (answer.detail if answer else "") or problem
        else:
            wait = backoff(item.attempts + 1, answer.retry_after if answer else None)
            if kind == "config_error":
                wait = max(wait, _MISCONFIGURED)
            if kind in ("config_error", "slow_down"):
                rest = max(rest or wait, wait)
            problem = (answer.detail if answer else "") or problem
            if item.attempts + 1 >= MOST_ATTEMPTS:
                gave_up.append((item, Reason.CONFIG_ERROR if kind == "config_error" else Reason.GAVE_UP))
            else:
                later.append((item, now + wait, Reason.CONFIG_ERROR if kind == "config_error" else Reason.RETRY))
    if accepted:
        ledger.accept(claim, accepted)
    if dead:
        ledger.fail(claim, dead, Reason.TOKEN_DEAD)
        _bury(claim, channel, dead)
    if refused:
        ledger.fail(claim, refused, Reason.REFUSED)
    for item, reason in gave_up:
        ledger.fail(claim, [item], reason)
    if later:
        ledger.postpone(claim, later)
    if problem and problem[:300] != claim.message.problem:
        claim.message.problem = problem[:300]
        Message.objects.of(claim.message.workspace).filter(pk=claim.message.pk).update(problem=problem[:300])
    return rest


def _bury(claim: Claim, channel: str, items: Sequence[Item]) -> None:
    """These tokens are dead, unless the device has brought a new one meanwhile."""
    rows = Address.objects.of(claim.message.workspace).filter(host_app_id=claim.host_app.pk, channel=channel)
    for item in items:
        if item.reached is not None:
            rows.filter(device_id=item.device_id, token=item.reached.token).update(dead_at=clock.now())


def _outgoing(claim: Claim, item: Item, words: Words) -> Outgoing:
    filled = fill(words, claim.values[item.user]) if item.user in claim.values else words
    identifier = delivery_id(claim.message.pk, item.device_id)
    return Outgoing(
        device_id=item.device_id,
        token=item.reached.token if item.reached else "",
        delivery_id=identifier,
        title=filled.title,
        body=filled.body,
        data={**(filled.data or {}), "message": claim.message.pk, **({"link": filled.link} if filled.link else {})},
        collapse=claim.message.pk,
        expires_at=claim.message.expires_at,
        host_app_id=claim.message.host_app_id,
        workspace_id=claim.message.workspace_id,
        user=item.user,
    )
