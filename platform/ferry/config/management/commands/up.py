"""`manage.py up`: the whole platform from one command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from ferry.config import supervisor


class Command(BaseCommand):
    help = "Migrates the database, then runs every process of Ferry until Ctrl-C or until one of them dies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-migrate", action="store_true", help="the database is already up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        plan = json.dumps({"banner": self.banner(), "processes": self.processes()})
        # Becomes the supervisor, with the same pid and none of Django's memory.
        program = str(Path(supervisor.__file__))
        os.execv(sys.executable, [sys.executable, program, plan])  # noqa: S606 (no shell is the point)

    def banner(self) -> str:
        return f"up. Console {settings.FERRY_SITE_URL}  edge {settings.FERRY_EDGE_URL}  (Ctrl-C stops everything)"

    def processes(self) -> list[dict[str, Any]]:
        manage = [sys.executable, str(settings.ROOT / "manage.py")]

        def child(name: str, *command: str, door: bool = False, ready_url: str = "") -> dict[str, Any]:
            return {"name": name, "command": [*manage, *command], "door": door, "ready_url": ready_url}

        local = "http://127.0.0.1"
        edges = [
            child(
                f"edge-{number}",
                *("run_edge", "--id", str(number), "--port", str(settings.FERRY_EDGE_PORT + number - 1)),
                door=True,
                ready_url=f"{local}:{settings.FERRY_EDGE_PORT + number - 1}/healthz",
            )
            for number in range(1, settings.FERRY_EDGES + 1)
        ]
        return [
            child("site", "run_site", door=True, ready_url=f"{local}:{settings.FERRY_SITE_PORT}/healthz"),
            *edges,
            child("content", "run_content", "--port", str(settings.FERRY_CONTENT_PORT), door=True),
            child("loader", "run_loader"),
            child("worker-push", "run_worker", "push"),
            child("worker-heavy", "run_worker", "heavy"),
            child("beat", "run_beat"),
        ]
