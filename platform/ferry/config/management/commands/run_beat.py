"""`manage.py run_beat`: the clock that wakes the workers. It decides nothing: what is due stands in the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ferry.config.celery import app


class Command(BaseCommand):
    help = "Sends the ticks that every app's tasks.py declares."
    requires_system_checks = []  # they import every view; `check` runs them where it belongs

    def handle(self, *args: Any, **options: Any) -> None:
        # The schedule is static and ticks may be lost, so its memory of past runs is worth no file that could corrupt.
        beat = app.Beat(
            loglevel="WARNING", quiet=True, scheduler="ferry.config.celery:Ticks", pidfile=None, schedule=None
        )
        beat.run()
