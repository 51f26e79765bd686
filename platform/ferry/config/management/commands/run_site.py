"""`manage.py run_site`: console and management API, Django over WSGI on granian."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server


class Command(BaseCommand):
    help = "Serves the console and the management API."
    requires_system_checks = []  # they import every view; `check` runs them where it belongs

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.FERRY_SITE_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        Server(
            "ferry.config.wsgi:application",
            address=settings.FERRY_BIND,
            port=options["port"],
            interface=Interfaces.WSGI,
            workers=1,
            blocking_threads=16,  # twice ferry.config.wsgi.BODIES, so that slow bodies never hold all of them
            http=HTTPModes.http1,  # one request at a time for each connection, so connections bound what waits
            http1_settings=HTTP1Settings(header_read_timeout=10_000),  # milliseconds
            log_access=False,
            workers_kill_timeout=10,
        ).serve()
