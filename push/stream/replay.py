"""Reading a device's inbox for its stream or poll: the one thing that a device may ask the database for.

In a small pool of its own and with a bounded queue, so that ten thousand phones that come back at once wait for each
other and not for each check-in.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django.db import close_old_connections, connections

from ferry.edge.snapshot.hostapp import AppPart
from push.inbox import reading
from push.inbox.reading import Waiting
from push.stream.errors import InboxUnavailable

log = logging.getLogger(__name__)

AT_ONCE = 100  # entries of one answer
THREADS = 4
MOST_QUEUED = 500
_PATIENCE_S = 10.0


class Replay:
    """The pool; one for each edge process."""

    def __init__(self, *, threads: int = THREADS, most_queued: int = MOST_QUEUED) -> None:
        self.queued = 0
        self.reads = 0
        self._most = most_queued
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="inbox")

    async def waiting(self, app: AppPart, device_id: str, since: int) -> Waiting:
        """What waits for the device behind `since`. Raises InboxUnavailable when the database or the pool is busy."""
        if self.queued >= self._most:
            raise InboxUnavailable(retry_after=5)
        self.queued += 1
        self.reads += 1
        loop = asyncio.get_running_loop()
        try:
            read = loop.run_in_executor(self._pool, _read, app.workspace_id, app.id, device_id, since)
            return await asyncio.wait_for(read, _PATIENCE_S)
        except Exception as wrong:
            log.warning("an inbox cannot be read: %r", wrong)
            raise InboxUnavailable(retry_after=5) from wrong
        finally:
            self.queued -= 1

    async def close(self) -> None:
        """End the threads and their connections; reads that are under way have a second."""
        met = threading.Barrier(self._threads)
        closing = [asyncio.wrap_future(self._pool.submit(_let_go, met)) for _ in range(self._threads)]
        await asyncio.wait(closing, timeout=2)
        self._pool.shutdown(wait=False, cancel_futures=True)


def _let_go(met: threading.Barrier) -> None:
    """Close this thread's connection. They wait for each other, so that each call gets a thread of its own."""
    with suppress(threading.BrokenBarrierError):
        met.wait(1)
    connections.close_all()


def _read(workspace_id: str, host_app_id: str, device_id: str, since: int) -> Waiting:
    close_old_connections()
    try:
        return reading.waiting(
            workspace_id=workspace_id, host_app_id=host_app_id, device_id=device_id, since=since, limit=AT_ONCE
        )
    except Exception:
        connections.close_all()
        raise
