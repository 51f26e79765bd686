"""Ticks of signing."""

from __future__ import annotations

from celery import shared_task

from ferry.kernel.jobs.services import alone
from ferry.kernel.signing import freshness

BEAT = {
    "signing.refresh_freshness": {
        "task": "signing.refresh_freshness",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
}


@shared_task(name="signing.refresh_freshness")
def refresh_freshness() -> None:
    """Renew every freshness statement."""
    with alone("signing.refresh_freshness") as held:
        if held:
            freshness.refresh()
