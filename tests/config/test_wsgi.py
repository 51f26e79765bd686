"""What the site says about a connection whose request body was not read to its end."""

from __future__ import annotations

import io
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from ferry.config import wsgi
from tests.ports import free_port
from tests.tree import ROOT, answers


@pytest.mark.parametrize(
    ("environ", "read", "said"),
    [
        ({"CONTENT_LENGTH": "14"}, 0, "close"),
        ({"CONTENT_LENGTH": "14"}, 13, "close"),
        ({"CONTENT_LENGTH": "14"}, 14, ""),
        ({"CONTENT_LENGTH": "0"}, 0, ""),
        ({"CONTENT_LENGTH": ""}, 0, ""),
        ({}, 0, ""),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 0, "close"),
    ],
)
def test_a_connection_ends_where_its_body_was_not_read_and_the_answer_says_so(monkeypatch, environ, read, said):
    def site(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read(read)
        start_response("401 Unauthorized", [("Content-Type", "application/json")])
        return [b"{}"]

    monkeypatch.setattr(wsgi, "_django", site)
    heard: list[dict[str, str]] = []
    asked = {"wsgi.input": io.BytesIO(b'{"name": "Go"}'), **environ}
    answer = wsgi.application(asked, lambda status, headers, *_: heard.append({"status": status, **dict(headers)}))
    assert list(answer) == [b"{}"]
    assert [(each["status"], each["Content-Type"], each.get("Connection", "")) for each in heard] == [
        ("401 Unauthorized", "application/json", said)
    ]


def _ask(environ: dict[str, Any]) -> tuple[str, dict[str, str]]:
    heard: list[tuple[str, dict[str, str]]] = []
    wsgi.application(environ, lambda status, headers, *_: heard.append((status, dict(headers))))
    return heard[0]


def test_a_body_that_does_not_come_ends_as_an_unreadable_one(monkeypatch):
    """The thread is free again, and so is the place for another body."""
    forever = threading.Event()

    class Stuck(io.BytesIO):
        def read(self, *size: Any) -> bytes:
            forever.wait(30)
            return b""

    def site(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with pytest.raises(TimeoutError):
            environ["wsgi.input"].read(14)
        start_response("400 Bad Request", [])
        return [b""]

    monkeypatch.setattr(wsgi, "_django", site)
    monkeypatch.setattr(wsgi, "PATIENCE_S", 0.01)
    for _ in range(wsgi.BODIES + 1):
        status, headers = _ask({"wsgi.input": Stuck(), "CONTENT_LENGTH": "14"})
        assert (status, headers) == ("400 Bad Request", {"Connection": "close"})
    forever.set()


def test_slow_bodies_leave_the_site_answering(tmp_path):
    """A real server: more callers stop in the middle of a sign-in than it has threads."""
    port = free_port()
    environ = {**os.environ, "FERRY_DATA": str(tmp_path)}
    command = [sys.executable, str(ROOT / "manage.py"), "run_site", "--port", str(port)]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with ExitStack() as held:
        held.callback(server.wait, 30)
        held.callback(server.terminate)
        until = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        slow = [held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)) for _ in range(40)]
        for each in slow:
            each.sendall(
                b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ferry-csrf=" + 32 * b"a" + b"\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\nabcd"
            )
        refused: list[socket.socket] = []
        deadline = time.monotonic() + 5
        while len(refused) < 40 - wsgi.BODIES and time.monotonic() < deadline:
            refused = select.select(slow, [], [], 0.1)[0]
        assert len(refused) == 40 - wsgi.BODIES
        answer = refused[0].recv(4096)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in answer.lower()
        assert b'"overloaded"' in answer
        for _ in range(20):
            assert answers(f"http://127.0.0.1:{port}/healthz")
