"""A real edge on a loopback port, over the test's own database: uvicorn in a thread, publishes taken when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from ferry.edge import registry, server
from ferry.edge.app import EdgeApp
from ferry.edge.files import FileSender
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.database import DatabaseSource
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from tests.edge.published import Notes
from tests.ports import free_port

PATIENCE_S = 30.0


class LiveEdge:
    """The edge with the routes that every app registers. `poll` brings it to what is published."""

    def __init__(self, folder: Path, blob_dir: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.notes = Notes()
        settings = EdgeSettings(
            process_id=1,
            edge_url=self.url,
            state_dir=folder / "state",
            journal_dir=folder / "journal",
            blob_dir=blob_dir,
        )
        self.client = SnapshotClient(
            snapshots=Snapshots(), source=DatabaseSource(), disk=DiskCopy(settings.state_dir), edge_url=self.url
        )
        self.app = EdgeApp(
            settings=settings, snapshots=self.client.snapshots, journal=self.notes, routes=registry.routes()
        )
        self.sender = FileSender()
        server.add_own_routes(self.app, self.sender)

    def poll(self) -> None:
        """Take over what is published."""
        assert self.client.poll(), self.client.snapshots.error


@contextmanager
def running(folder: Path, blob_dir: Path) -> Iterator[LiveEdge]:
    """An edge that answers."""
    edge = LiveEdge(folder, blob_dir)
    edge.poll()
    config = uvicorn.Config(
        edge.app, port=edge.port, loop="uvloop", http="httptools", ws="none", lifespan="off", log_config=None
    )
    web = uvicorn.Server(config)
    thread = threading.Thread(target=web.run)
    thread.start()
    try:
        until = time.monotonic() + PATIENCE_S
        while not web.started:
            assert thread.is_alive(), "the edge has ended"
            assert time.monotonic() < until, "the edge does not start"
            time.sleep(0.01)  # uvicorn tells nobody when it is ready
        yield edge
    finally:
        web.should_exit = True
        thread.join(PATIENCE_S)
        edge.sender.close()
