"""Ticks of mini-programs."""

from __future__ import annotations

from celery import shared_task

from ferry.kernel.jobs.services import alone
from miniapps import services

BEAT = {
    "miniapps.advance_releases": {
        "task": "miniapps.advance_releases",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "miniapps.sweep_previews": {
        "task": "miniapps.sweep_previews",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
}


@shared_task(name="miniapps.advance_releases")
def advance_releases() -> None:
    """Begin scheduled releases, close windows that have ended."""
    with alone("miniapps.advance_releases") as held:
        if held:
            services.advance_due()


@shared_task(name="miniapps.sweep_previews")
def sweep_previews() -> None:
    """Forget preview hosts that have expired."""
    services.sweep_previews()
