"""`manage.py run_worker push|heavy`: one pool of background work."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ferry.config.celery import POOLS, app


class Command(BaseCommand):
    help = "Runs one Celery pool: push (short work and ticks) or heavy (training, deltas, exports)."
    requires_system_checks = []  # they import every view; `check` runs them where it belongs

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pool", choices=sorted(POOLS))

    def handle(self, *args: Any, **options: Any) -> None:
        pool = options["pool"]
        app.worker_main(
            [
                *("--quiet", "worker"),
                *("--pool", "solo", "--queues", ",".join(POOLS[pool]), "--hostname", f"{pool}@ferry"),
                *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            ]
        )
