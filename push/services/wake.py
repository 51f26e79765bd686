"""Waking workers. The database says what there is to do; a wake-up that is lost costs seconds, never a message."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction

from ferry.kernel import clock
from push.models import Shard
from push.services.claims import claimable

_log = logging.getLogger(__name__)
TASK = "push.deliver_shard"
EXPIRES_S = 10  # a wake-up that nobody took by then is of no use: the next tick sends another
SLOTS = 4  # wake-ups waiting at most; a worker delivers shard after shard for as long as there are any


def wake_workers() -> int:
    """One wake-up for each shard that waits, at most one per slot that is not at work already; how many."""
    now = clock.now()
    busy = Shard.objects.unscoped().filter(state=Shard.State.LEASED, leased_until__gt=now).count()
    wanted = min(claimable(now).count(), max(0, SLOTS - busy))
    for _ in range(wanted):
        _send()
    return wanted


def wake_on_commit() -> None:
    """Once the transaction is through, so that a service message need not wait for the tick."""
    transaction.on_commit(_send, robust=True)


def _send() -> None:
    try:
        current_app.send_task(TASK, queue="push", expires=EXPIRES_S, retry=False)
    except Exception as error:  # the broker is away: the tick will find the shard
        _log.warning("no worker could be woken: %s", error)
