"""`manage.py predict_churn`: trains and scores what is due. The ticks start it; it is safe to start by hand."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from analytics.churn import working


class Command(BaseCommand):
    """Prints how many host apps were worked on."""

    help = "Train and score the churn prediction of every host app for which it is due."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--score-only", action="store_true", help="leave training to the next tick")

    def handle(self, *args: Any, **options: Any) -> None:
        done = working.work_due(train=not options["score_only"])
        self.stdout.write(f"{done} host apps")
