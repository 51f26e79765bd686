"""`manage.py run_edge --id 1 --port 8001`: one edge process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from ferry.edge import server, serving
from ferry.edge.settings import EdgeSettings


class Command(BaseCommand):
    help = "Runs one edge process: everything a device calls. Each process on a host needs an id of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--id", type=int, default=1, help="names this process in the journal and in metrics")
        parser.add_argument("--port", type=int, default=settings.FERRY_EDGE_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        app = server.build(EdgeSettings.from_django(process_id=options["id"]))
        serving.serve(app, host=settings.FERRY_BIND, port=options["port"])
