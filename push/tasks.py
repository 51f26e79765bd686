"""Ticks and tasks of push."""

from __future__ import annotations

from celery import shared_task

from ferry.kernel.jobs.services import alone
from push import services
from push.inbox.writing import sweep

BEAT = {
    "push.tick": {"task": "push.tick", "schedule": 5.0, "options": {"expires": 5, "queue": "push"}},
    "push.finish_messages": {
        "task": "push.finish_messages",
        "schedule": 60.0,
        "options": {"expires": 55, "queue": "push"},
    },
    "push.sweep_inboxes": {
        "task": "push.sweep_inboxes",
        "schedule": 300.0,
        "options": {"expires": 290, "queue": "push"},
    },
}


@shared_task(name="push.tick")
def tick() -> None:
    """Begin the campaigns whose time has come, and wake a worker for every shard that waits."""
    with alone("push.tick") as held:
        if held:
            services.start_due()
            services.wake_workers()


@shared_task(name="push.deliver_shard")
def deliver_shard() -> None:
    """Deliver whatever shards are ready; which ones, the database says."""
    services.deliver()


@shared_task(name="push.finish_messages")
def finish_messages() -> None:
    """End messages whose last worker died before it could say so."""
    services.finish_due()


@shared_task(name="push.sweep_inboxes")
def sweep_inboxes() -> None:
    """Forget what nobody will be shown any more."""
    sweep()
