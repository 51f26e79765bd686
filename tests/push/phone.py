"""A phone that holds a stream of an edge in this process, and an edge that reads the test's database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction

import push.edge
from ferry.edge.app import EdgeApp
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from ferry.edge.tokens import DeviceKeys, DeviceToken
from push.inbox.writing import Envelope, append
from tests.edge.published import APP_KEY, DEVICE_SECRET, Notes, Published, app_body
from tests.push.world import Harbour

KEYS = DeviceKeys(DEVICE_SECRET, APP_KEY)
PATIENCE_S = 20.0


def make_edge(
    harbour: Harbour, folder: Path, *, clock: Callable[[], float] | None = None, redis_url: str = "", **app: Any
) -> EdgeApp:
    """An edge whose host app is the harbour's."""
    settings = EdgeSettings(
        process_id=1,
        edge_url="https://edge.test",
        state_dir=folder / "edge",
        journal_dir=folder / "journal",
        blob_dir=folder / "blobs",
        redis_url=redis_url,
    )
    published = Published(app=app_body(id=harbour.app.pk, workspace=harbour.workspace.pk, **app))
    client = SnapshotClient(
        snapshots=Snapshots(), source=_Renamed(published, harbour.app.pk), disk=DiskCopy(folder / "edge"), edge_url=""
    )
    client.poll()
    return EdgeApp(
        settings=settings, snapshots=client.snapshots, journal=Notes(), routes=(push.edge.add_routes,), clock=clock
    )


@dataclass
class _Renamed:
    """The published state under the harbour's own id."""

    published: Published
    host_app_id: str

    def versions(self) -> list[tuple[str, int, Any]]:
        return [(self.host_app_id, version, stamp) for _, version, stamp in self.published.versions()]

    def manifest(self, host_app_id: str) -> Any:
        return self.published.manifest(host_app_id)

    def parts(self, shas: Any) -> Any:
        return self.published.parts(shas)


def run(edge: EdgeApp, story: Callable[[], Awaitable[None]]) -> None:
    """The story, on an edge that has been started and is stopped afterwards."""

    async def whole() -> None:
        asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        life = asyncio.ensure_future(edge({"type": "lifespan"}, asked.get, told.put))
        await asked.put({"type": "lifespan.startup"})
        assert (await told.get())["type"] == "lifespan.startup.complete"
        try:
            await asyncio.wait_for(story(), 60)
        finally:
            await asked.put({"type": "lifespan.shutdown"})
            await life

    asyncio.run(whole())


@dataclass
class Event:
    """One server-sent event."""

    id: int
    body: dict[str, Any]


@dataclass
class Opened:
    """A stream from the device's side."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    aborted: bool = False
    reads: bool = True  # False: the socket takes no more bytes
    text: str = ""
    taken: list[Event] = field(default_factory=list)
    transport: Any = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Future[None] | None = None

    def abort(self) -> None:
        """What uvicorn's transport does."""
        self.aborted = True
        self._gone.set()
        self._news.set()

    async def send(self, message: dict[str, Any]) -> None:
        while not self.reads and not self._gone.is_set():
            await self._gone.wait()
        if self._gone.is_set():
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()
            self.ended = not message.get("more_body", False)
            self._parse()
        self._news.set()

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def hang_up(self) -> None:
        self._gone.set()
        assert self._task is not None
        await self._task

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait for the stream to bring what `there` looks for."""

        async def wait() -> None:
            while not there():
                await self._news.wait()
                self._news.clear()

        await asyncio.wait_for(wait(), PATIENCE_S)

    async def events(self, count: int) -> list[Event]:
        """The first `count` events."""
        await self.until(lambda: len(self.taken) >= count)
        return self.taken

    async def end(self) -> None:
        """Wait for its end."""
        await self.until(lambda: self.ended or self.aborted)
        assert self._task is not None
        await self._task

    def json(self) -> Any:
        """The body of an answer that is no stream."""
        return json.loads(self.text)

    def _parse(self) -> None:
        blocks = self.text.split("\n\n")[:-1]
        self.taken = [_event(block) for block in blocks if "data:" in block]


def _event(block: str) -> Event:
    lines = dict(line.split(": ", 1) for line in block.splitlines())
    return Event(int(lines["id"]), json.loads(lines["data"]))


class _Socket:
    """Stands where uvicorn has the object with the transport."""

    def __init__(self, opened: Opened) -> None:
        self.transport = opened
        self._opened = opened

    async def send(self, message: dict[str, Any]) -> None:
        await self._opened.send(message)


async def open_stream(
    edge: EdgeApp,
    device: str = "",
    *,
    user: str | None = None,
    query: str = "",
    path: str = "/v1/stream",
    method: str = "GET",
    reads: bool = True,
    **headers: str,
) -> Opened:
    """GET /v1/stream; with the device's token when a device is named. Returns when the answer has begun."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if device:
        named |= {"x-app-key": APP_KEY, "authorization": f"Device {token(device, user)}"}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("203.0.113.7", 4711),
    }
    opened = Opened(reads=reads)
    opened._task = asyncio.ensure_future(edge(scope, opened.receive, _Socket(opened).send))
    if reads:
        await opened.until(lambda: opened.status > 0)
    return opened


def token(device: str, user: str | None = None) -> str:
    """A device token."""
    return KEYS.issue(DeviceToken(device, 1_700_000_000_000, user, True))


async def put(*envelopes: Envelope) -> None:
    """Append, from a thread as a worker would."""

    def act() -> None:
        try:
            with transaction.atomic():
                append(envelopes)
        finally:
            connection.close()

    await asyncio.to_thread(act)


@contextmanager
def changed(module: Any, **values: Any) -> Iterator[None]:
    """Other bounds for the length of a block."""
    before = {name: getattr(module, name) for name in values}
    for name, value in values.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
