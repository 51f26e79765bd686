"""`manage.py bootstrap --workspace NAME --app NAME --json`: everything automation needs to begin."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ferry.kernel.errors import FerryError
from ferry.kernel.identity.bootstrap import bootstrap
from ferry.kernel.identity.models import Environment


class Command(BaseCommand):
    """Prints the keys and tokens; a repeat prints the same."""

    help = "Make a workspace with a host app, its keys and API tokens. Safe to repeat: prints the same again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="NAME")
        parser.add_argument("--app", required=True, metavar="NAME", help="name of the host app")
        parser.add_argument("--environment", choices=Environment.values, default=Environment.PRODUCTION.value)
        parser.add_argument(
            "--cors-origin", action="append", default=[], metavar="ORIGIN", help="origin of a web host; repeatable"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = bootstrap(
                workspace=options["workspace"],
                app=options["app"],
                environment=options["environment"],
                cors_origins=tuple(options["cors_origin"]),
            )
        except FerryError as refused:
            raise CommandError(refused.text()) from None
        self.stdout.write(json.dumps(made, indent=None if options["json"] else 2, ensure_ascii=False))
