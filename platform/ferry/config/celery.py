"""Celery only wakes; the database is the truth (rule 1). Tasks may be lost, doubled or late without harm.

Each app's tasks.py holds its tasks, named "<app>.<verb_object>", and a dict BEAT with its ticks. Queues: a task goes
to `heavy` where its decorator says so, everything else to `default`; the push pool serves push and default.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from celery import Celery
from celery.beat import Scheduler
from django.apps import apps
from django.conf import settings
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.config.settings")

POOLS = {"push": ("push", "default"), "heavy": ("heavy",)}


def _broker() -> dict[str, Any]:
    if settings.FERRY_REDIS_URL:
        return {"broker_url": settings.FERRY_REDIS_URL}
    folder = settings.FERRY_BROKER_DIR
    for name in ("queue", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://localhost//",  # the host says nothing; without one kombu warns each time
        "broker_transport_options": {
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "control"),
        },
    }


app = Celery("ferry")
app.conf.update(
    **_broker(),
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue="default",
    task_queues=[Queue(name) for pool in POOLS.values() for name in pool],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    timezone="UTC",
    enable_utc=True,
)
app.autodiscover_tasks()


class Ticks(Scheduler):
    """The static schedule: every installed app's BEAT entries, kept in memory."""

    def setup_schedule(self) -> None:
        self.merge_inplace(cast(Any, beat_entries()))  # Celery makes entries of plain dicts itself


def beat_entries() -> dict[str, dict[str, Any]]:
    """The ticks of all installed apps by name. A name that two apps claim is a mistake and stops the start."""
    entries: dict[str, dict[str, Any]] = {}
    for config in apps.get_app_configs():
        if config.module is None or find_spec(f"{config.name}.tasks") is None:
            continue
        for name, entry in getattr(import_module(f"{config.name}.tasks"), "BEAT", {}).items():
            if name in entries:
                raise RuntimeError(f"two apps declare the tick {name!r}")
            entries[name] = entry
    return entries
