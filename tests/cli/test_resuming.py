"""A large build over a bad line: lost pieces are sent again, and a second run goes on where the first ended."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from ferry.cli import commands, resuming
from ferry.cli.api import Api
from ferry.cli.main import main
from ferry.cli.profile import Profile
from tests.cli.conftest import PROGRAM, SITE, Ferry

pytestmark = pytest.mark.django_db
BYTES = 300_000


class BadLine(httpx.BaseTransport):
    """The platform behind a line that breaks when `breaks` says so: before the platform hears it, or after."""

    def __init__(self) -> None:
        self._platform = httpx.WSGITransport(app=get_wsgi_application())
        self.pieces: list[int] = []  # bytes of each piece that the platform heard
        self.before: set[int] = set()  # numbers of pieces that never arrive
        self.after: set[int] = set()  # numbers of pieces whose answer is lost
        self.offers = True
        self.makes = True  # whether a request for the version arrives
        self._number = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "OPTIONS" and not self.offers:
            return httpx.Response(204)
        if not self.makes and request.url.path.endswith("/versions"):
            raise httpx.ConnectError("the line is broken")
        if request.method != "PATCH":
            return self._platform.handle_request(request)
        self._number += 1
        if self._number in self.before:
            raise httpx.ConnectError("the line is broken")
        self.pieces.append(len(request.read()))
        answer = self._platform.handle_request(request)
        if self._number in self.after:
            answer.read()
            raise httpx.ReadError("the line broke")
        return answer


@pytest.fixture
def line(ferry: Ferry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BadLine:
    """The line of a developer whose pieces are small."""
    monkeypatch.setattr(resuming, "LARGE", 1000)
    monkeypatch.setattr(resuming, "PIECE", 64 * 1024)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = BadLine()
    profile = Profile(SITE, ferry.made["tokens"]["developer"])
    monkeypatch.setattr(commands, "connect", lambda given: Api(profile, transport=made, sleep=lambda seconds: None))
    (tmp_path / "dist").mkdir(exist_ok=True)
    (tmp_path / "dist" / "index.html").write_text("<!doctype html>")
    (tmp_path / "dist" / "photo.bin").write_bytes(os.urandom(BYTES))  # does not shrink in the zip
    return made


def upload(tmp_path: Path) -> int:
    line = ("upload", str(tmp_path / "dist"), "--appid", PROGRAM, "--create", "Timetable", "--host", "web=6.0.0")
    return main([*line, "--uv", "1.0.0", "--desc", "In pieces"])


def test_it_arrives_in_pieces(line, tmp_path, capsys):
    assert upload(tmp_path) == 0
    assert "1.0.0 is version 1" in capsys.readouterr().out
    assert len(line.pieces) == 5
    assert sum(line.pieces) > BYTES


def test_pieces_and_answers_that_are_lost_cost_no_more_than_themselves(line, tmp_path):
    line.before, line.after = {2, 3}, {5}
    assert upload(tmp_path) == 0
    assert len(line.pieces) == 5  # the platform heard each once: a lost answer is asked for, not sent again


def test_a_second_run_goes_on_where_the_first_was_given_up(line, tmp_path, capsys):
    line.before = {4, 5, 6, 7}
    assert upload(tmp_path) == 4
    assert "run the command again to go on" in capsys.readouterr().err
    heard = len(line.pieces)
    assert upload(tmp_path) == 0
    assert (heard, len(line.pieces)) == (3, 5)


def test_a_line_that_breaks_before_the_version_is_made_costs_no_piece(line, tmp_path):
    line.makes = False
    assert upload(tmp_path) == 4
    line.makes = True
    assert upload(tmp_path) == 0
    assert len(line.pieces) == 5


def test_the_same_build_again_is_sent_again(line, tmp_path):
    assert [upload(tmp_path), upload(tmp_path)] == [0, 0]
    assert len(line.pieces) == 5 + 5


def test_an_upload_that_is_gone_is_begun_anew(line, tmp_path):
    line.before = {4, 5, 6, 7}
    assert upload(tmp_path) == 4
    kept = tmp_path / "cache" / "ferry" / "uploads.json"
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_text(kept.read_text().rpartition(": ")[0] + ': "01m00000000000000000000000"}')
    assert upload(tmp_path) == 0
    assert len(line.pieces) == 3 + 5


def test_a_platform_without_it_gets_the_file_in_one(line, tmp_path):
    line.offers = False
    assert upload(tmp_path) == 0
    assert line.pieces == []
