"""`manage.py backtest_churn FILE`: what a prediction would have been worth, beside the baselines. Needs no database."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.churn import rollup
from analytics.churn.definition import Definition, DefinitionInvalid
from ferry.journal.lake import connect


class Command(BaseCommand):
    """Prints one JSON object: model, baselines of the same run, population, churned, snapshots."""

    help = "Train on the past of a CSV or Parquet file and examine the model on the days that followed."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="user_id, event, timestamp or day; n, value")
        parser.add_argument("--inactive-days", type=int, default=7, metavar="N", help="silence that counts as leaving")
        parser.add_argument("--active-days", type=int, default=7, metavar="M", help="asked of users active then")
        parser.add_argument("--activity-events", default="", metavar="A,B", help="events that count; all without")
        parser.add_argument(
            "--as-of",
            type=date.fromisoformat,
            metavar="DATE",
            help="snapshot day; without: the latest that can be judged",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        from analytics.churn.backtest import backtest, latest
        from analytics.churn.training import TooLittleHistory

        named = tuple(name.strip() for name in options["activity_events"].split(",") if name.strip())
        try:
            definition = Definition(options["inactive_days"], options["active_days"], named)
            with connect(threads=1) as duckdb:
                first, last = rollup.from_file(duckdb, options["file"])
                done = backtest(
                    duckdb,
                    rollup.TABLE,
                    definition=definition,
                    first_day=first,
                    last_day=last,
                    as_of=options["as_of"] or latest(definition, last),
                )
        except (DefinitionInvalid, rollup.BadHistory, TooLittleHistory) as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(json.dumps(done.report(), indent=None if options["json"] else 2))
