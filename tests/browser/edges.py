"""Ferry's own edge app behind a real server in this process, over published state made by hand; it counts bytes."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from ferry.edge import server
from ferry.edge.app import EdgeApp
from ferry.edge.files import FileSender
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from tests.edge.published import Notes, Published


@dataclass
class Sent:
    """One answer below /packages/, as it left."""

    encoding: str
    dictionary: str  # the request's Available-Dictionary
    size: int = 0  # bytes of the body


@dataclass
class CountingEdge:
    """`with CountingEdge(published, folder) as edge: … edge.port … edge.sent`."""

    published: Published
    folder: Path
    sent: list[Sent] = field(default_factory=list)

    def __enter__(self) -> Self:
        settings = EdgeSettings(
            process_id=1,
            edge_url="http://edge.test",
            state_dir=self.folder / "edge",
            journal_dir=self.folder / "journal",
            blob_dir=self.folder / "blobs",
        )
        client = SnapshotClient(
            snapshots=Snapshots(),
            source=self.published,
            disk=DiskCopy(settings.state_dir),
            edge_url=settings.edge_url,
        )
        self._sender = FileSender()
        self._app = EdgeApp(settings=settings, snapshots=client.snapshots, journal=Notes())
        server.add_own_routes(self._app, self._sender)
        assert client.poll()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(self._count, interface="asgi3", lifespan="off", log_level="warning")
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self._sender.close()
        self._socket.close()

    async def _count(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/packages/"):
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"])
        sent = Sent("", asked.get(b"available-dictionary", b"").decode())

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                sent.encoding = dict(message["headers"]).get(b"content-encoding", b"").decode()
            sent.size += len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, counted)
        self.sent.append(sent)
