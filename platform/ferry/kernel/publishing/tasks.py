"""Ticks of publishing."""

from __future__ import annotations

from celery import shared_task

from ferry.kernel.jobs.services import alone
from ferry.kernel.publishing import sweeping, verification

BEAT = {
    "publishing.verify_snapshots": {
        "task": "publishing.verify_snapshots",
        "schedule": 600.0,
        "options": {"expires": 540},
    },
    "publishing.sweep_parts": {
        "task": "publishing.sweep_parts",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
}


@shared_task(name="publishing.verify_snapshots")
def verify_snapshots() -> None:
    """Compare every snapshot with the rows."""
    with alone("publishing.verify_snapshots") as held:
        if held:
            verification.verify_snapshots()


@shared_task(name="publishing.sweep_parts")
def sweep_parts() -> None:
    """Delete parts that nothing names any more."""
    with alone("publishing.sweep_parts") as held:
        if held:
            sweeping.sweep_parts()
