"""`manage.py make_deliveries`: makes compressed copies and deltas. The ticks start it; safe to start by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from miniapps.delivery import making, plan


class Command(BaseCommand):
    """Prints how many files were made or refused."""

    help = "Make every compressed copy and delta that is due, of every workspace."

    def handle(self, *args: Any, **options: Any) -> None:
        plan.plan()
        self.stdout.write(f"{making.work()} files")
