"""Delivering: one shard at a time, batch by batch, so that a crash at any point leaves at most one batch in doubt.

A step is: read and judge the next devices (no transaction) → write them as 'sending' or dropped and move the cursor
(one transaction, fenced) → hand them to the channel → write its answers (one transaction, fenced). After a crash
between the last two, the next worker finds the rows still 'sending' and sends them again under the same id. The own
channel writes inside the last transaction, so there it is exactly once.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from enum import Enum, auto

from django.db import transaction

from ferry.kernel import clock
from ferry.kernel.identity.actors import system
from ferry.kernel.jobs.errors import LeaseLost
from push.models import Message, Shard
from push.rules.ledger import Reason, State
from push.services import budget, ledger, lifecycle, sending
from push.services.batches import Batch, next_batch
from push.services.claims import Claim, claim_next, halted

_log = logging.getLogger(__name__)


class Step(Enum):
    """How a step ended."""

    MORE = auto()
    OVER = auto()  # the shard is done or stopped
    LATER = auto()  # given back; its `not_before` says until when


def deliver(*, seconds: float = 50.0) -> int:
    """Claim ready shards and deliver them until none is ready or the time is over; how many shards were taken."""
    taken, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        claim = claim_next()
        if claim is None:
            break
        taken += 1
        try:
            while step(claim) is Step.MORE:
                pass
        except LeaseLost:
            _log.warning("shard %s has passed to another worker", claim.shard.pk)
            continue
        lifecycle.finish_if_over(system(claim.message.workspace), claim.message)
    return taken


def step(claim: Claim) -> Step:
    """Deliver the next batch of the shard. Raises LeaseLost when it has passed to another worker."""
    batch = next_batch(claim)
    with transaction.atomic():
        claim.fence()
        reason = halted(claim.message)
        if reason == "stopped":
            return _stop(claim)
        if reason == "paused":
            return _give_back(claim, clock.now())
        if batch is None:
            return _finish(claim)
        grant = budget.allow(claim.message, len(batch.sendable))
        if grant.wait_s and not grant.granted:
            _hold(claim.message, clock.now() + timedelta(seconds=grant.wait_s))
            return _give_back(claim, clock.now() + timedelta(seconds=grant.wait_s))
        batch = batch.cut(grant.granted)
        ledger.write_batch(claim, batch)
        claim.fence(**batch.progress(claim.shard))
    batch.advance(claim.shard)
    if not batch.sendable:
        return Step.MORE
    pause = sending.send(claim, batch)
    if pause is None:
        return Step.MORE
    with transaction.atomic():
        claim.fence()
        return _give_back(claim, clock.now() + pause)


def _finish(claim: Claim) -> Step:
    """The shard is done, unless a later shard has put rows into it since we looked: the fence came first."""
    if claim.open_rows().exists():
        return Step.MORE
    claim.fence(state=Shard.State.DONE, leased_until=None)
    return Step.OVER


def _stop(claim: Claim) -> Step:
    """Nothing more is sent. Rows in doubt stay 'sending' without a shard: nobody can know whether they went out."""
    rows = claim.open_rows()
    rows.filter(state=State.WAITING).update(state=State.DROPPED, reason=Reason.STOPPED, shard=None)
    rows.update(shard=None)
    claim.fence(state=Shard.State.STOPPED, leased_until=None)
    return Step.OVER


def _give_back(claim: Claim, until: datetime) -> Step:
    claim.fence(state=Shard.State.READY, not_before=until, leased_until=None)
    return Step.LATER


def _hold(message: Message, until: datetime) -> None:
    """The budget is common: the message's other shards need not try before that either."""
    rows = Shard.objects.of(message.workspace).filter(message=message, state=Shard.State.READY, not_before__lt=until)
    rows.update(not_before=until)


__all__ = ["Batch", "Step", "deliver", "step"]
