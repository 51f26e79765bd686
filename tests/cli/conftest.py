"""The client in front of the real API: the site's WSGI application answers, no server in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from ferry.cli import commands
from ferry.cli.api import Api
from ferry.cli.main import main
from ferry.cli.profile import Profile
from ferry.kernel.identity.bootstrap import bootstrap

SITE = "http://127.0.0.1:8000"
PROGRAM = "2018080616290001"


@dataclass
class Ferry:
    """`ferry` as somebody with one role runs it."""

    made: dict[str, Any]
    connect_as: Callable[[str], None]
    capsys: pytest.CaptureFixture[str]

    def __call__(self, role: str, *arguments: str) -> tuple[int, str]:
        """Exit code and stdout."""
        self.connect_as(role)
        code = main(arguments)
        return code, self.capsys.readouterr().out

    def json(self, role: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and the one JSON object."""
        code, out = self(role, *arguments, "--json")
        return code, json.loads(out)

    @property
    def app(self) -> str:
        return str(self.made["host_app"]["number"])


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The request and the test share the test's transaction, as with Django's own test client."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def ferry(db: None, one_connection: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ferry:
    made = bootstrap(workspace="Harbour", app="Harbour")
    transport = httpx.WSGITransport(app=get_wsgi_application())

    def connect_as(role: str) -> None:
        token = made["tokens"].get(role, role)
        profile = Profile(SITE, token)
        monkeypatch.setattr(commands, "connect", lambda given=None: Api(profile, transport=transport))

    return Ferry(made, connect_as, capsys)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """The output folder of a developer's build."""
    folder = tmp_path / "dist"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><h1>Timetable</h1>")
    (folder / "js" / "app.js").write_text("document.title = 'Timetable'")
    return folder
