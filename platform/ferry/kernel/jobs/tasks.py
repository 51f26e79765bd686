"""Ticks that keep the ground tidy."""

from __future__ import annotations

from celery import shared_task

from ferry.kernel import storage
from ferry.kernel.jobs import services

BEAT = {
    "jobs.sweep": {
        "task": "jobs.sweep",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
}


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Forget silent processes and files of uploads that never ended."""
    services.sweep()
    storage.blobs().sweep()
