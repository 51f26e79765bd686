"""The real edge process, killed and ended while phones hold its streams: they come back and have missed nothing."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from ferry.kernel.identity.models import HostApp
from push.models import InboxEntry
from push.stream.answer import _abort
from tests.doomed import environment
from tests.ports import free_port, free_ports
from tests.push.test_inbox import envelope, in_thread, put
from tests.push.world import Harbour

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
ENTRIES = 200


class Edge:
    """`manage.py run_edge` on the test's database."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_port()
        self.environ = {
            **environment(),
            "FERRY_METRICS_PORT": str(free_ports(8)[0]),
            "FERRY_LOG_LEVEL": "WARNING",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "manage.py", "run_edge", "--id", "7", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=self.root, env=self.environ)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process.poll() is None, "the edge ended"
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)  # another program's process: nothing but its port to wait on
        raise AssertionError("the edge does not answer")

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def edge(root: Path, harbour: Harbour) -> Iterator[Edge]:
    made = Edge(root)
    try:
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()


class Phone:
    """A client as docs/push-channels.md describes it: keeps the last id, comes back when the stream breaks."""

    def __init__(self, edge: Edge, app: HostApp) -> None:
        self.edge = edge
        answer = httpx.post(
            f"http://127.0.0.1:{edge.port}/v1/devices",
            headers={"X-App-Key": app.app_key},
            json={"message_id": "install-0001", "platform": "android"},
        ).json()
        self.device = answer["device"]["id"]
        self.headers = {"X-App-Key": app.app_key, "Authorization": f"Device {answer['token']}"}
        self.cursor = ""
        self.got: list[int] = []
        self.connects = 0
        self.news = threading.Condition()
        self.proper_ends = 0
        self._over = threading.Event()

    def follow(self) -> None:
        while not self._over.is_set():
            try:
                self._stream()
                self.proper_ends += 1
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)  # a phone's retry; shorter than the 1 to 5 s that the stream asks for

    def _stream(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=30)
        try:
            more = {"Last-Event-ID": self.cursor} if self.cursor else {}
            line.request("GET", "/v1/stream", headers=self.headers | more)
            answer = line.getresponse()
            if answer.status != 200:
                raise ConnectionError(answer.status)
            with self.news:
                self.connects += 1
                self.news.notify_all()
            self._read(answer)
        finally:
            line.close()

    def _read(self, answer: Any) -> None:
        for raw in answer:
            if self._over.is_set():
                return
            if raw.startswith(b"id: "):
                self.cursor = raw[4:].strip().decode()
                with self.news:
                    self.got.append(int(self.cursor))
                    self.news.notify_all()

    def wait(self, count: int) -> None:
        with self.news:
            assert self.news.wait_for(lambda: len(self.got) >= count, 60), f"{len(self.got)} of {count}"

    def connected(self, times: int) -> None:
        with self.news:
            assert self.news.wait_for(lambda: self.connects >= times, 60)

    def stop(self) -> None:
        self._over.set()


@contextmanager
def following(phone: Phone) -> Iterator[Phone]:
    thread = threading.Thread(target=phone.follow)
    thread.start()
    try:
        yield phone
    finally:
        phone.stop()
        phone.edge.end(signal.SIGKILL)
        thread.join(30)


def test_an_edge_killed_while_it_streams(edge: Edge, harbour: Harbour):
    app = HostApp.objects.of(harbour.workspace).get()
    with following(Phone(edge, app)) as phone:
        phone.connected(1)
        pace = threading.Semaphore(ENTRIES // 2)

        def sender() -> None:
            for _ in range(ENTRIES):
                pace.acquire()
                put(envelope(harbour, phone.device))

        sending = in_thread(sender)
        phone.wait(20)
        edge.end(signal.SIGKILL)
        pace.release(ENTRIES)  # the other half is sent while there is no edge, or a starting one
        edge.start()
        sending.join(60)
        phone.wait(ENTRIES)
        assert phone.connects >= 2
        rows = InboxEntry.objects.of(harbour.workspace).order_by("position")
        assert phone.got == list(rows.values_list("position", flat=True))


def test_an_edge_that_is_told_to_end_closes_its_streams_at_once(edge: Edge, harbour: Harbour):
    app = HostApp.objects.of(harbour.workspace).get()
    with following(Phone(edge, app)) as phone:
        phone.connected(1)
        put(envelope(harbour, phone.device))
        phone.wait(1)
        started = time.monotonic()
        assert edge.end(signal.SIGTERM) in (0, -signal.SIGTERM)
        assert time.monotonic() - started < 4  # without waiting for the five seconds of grace to run out
        edge.start()
        phone.connected(2)
        assert phone.proper_ends == 1
        put(envelope(harbour, phone.device))
        phone.wait(2)


def test_breaking_off_frees_the_socket_at_once():
    """What a slow reader's end rests on: the server's `send` leads to its transport, and aborting it is felt."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        _abort(send)

    config = uvicorn.Config(
        app, port=free_port(), loop="uvloop", http="httptools", ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)  # uvicorn tells nobody when it is ready
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{config.port}/")
    finally:
        server.should_exit = True
        thread.join(20)
