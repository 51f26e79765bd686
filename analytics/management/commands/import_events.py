"""`manage.py import_events FILE --app KEY`: a file of past events becomes the history of a host app."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.importing import import_events
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import system


class Command(BaseCommand):
    """Prints what was imported; a repeat of the same file adds nothing."""

    help = "Load a CSV or Parquet file (user_id, event, timestamp or day, optional n and value) as an app's history."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--app", required=True, metavar="KEY", help="public key of the host app")
        parser.add_argument(
            "--profiling",
            choices=("yes", "no"),
            help="what these users are known to have said to profiling; without: nothing is known",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        stated = {"yes": True, "no": False, None: None}[options["profiling"]]
        try:
            app = identity.host_app_by_key(options["app"])
            actor = system(app.workspace, "import_events")
            done = import_events(actor=actor, host_app=app, path=options["file"], profiling=stated)
        except FerryError as refused:
            raise CommandError(refused.text()) from None
        told = {
            "events": done.events,
            "skipped": done.skipped,
            "first_day": done.first_day.isoformat(),
            "last_day": done.last_day.isoformat(),
            "repeated": done.repeated,
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
        elif done.repeated:
            self.stdout.write("This file was imported before; nothing was added.")
        else:
            self.stdout.write(
                f"{done.events} events from {done.first_day} to {done.last_day}, {done.skipped} rows skipped."
            )
