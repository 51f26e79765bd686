"""`manage.py run_content --port 8002`: unpacked mini-program files on an origin of their own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from ferry.edge import serving
from ferry.edge.content.app import ContentApp
from ferry.edge.content.previews import finder


class Command(BaseCommand):
    help = "Serves the files of mini-programs under preview hosts, and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.FERRY_CONTENT_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        app = ContentApp(
            origin=settings.FERRY_CONTENT_ORIGIN, find=finder(), framed_by=framed_by(settings.FERRY_SITE_URL)
        )
        serving.serve(app, host=settings.FERRY_BIND, port=options["port"])


def framed_by(site_url: str) -> tuple[str, ...]:
    """Whose pages may show a preview in a frame: the console's; on a developer's own machine any local page's."""
    if urlsplit(site_url).hostname in ("127.0.0.1", "localhost", "::1"):
        return (site_url, "http://127.0.0.1:*", "http://localhost:*")
    return (site_url,)
