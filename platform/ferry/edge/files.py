"""Streaming the bytes of one file whose content is known by its hash: ranges, conditions, backpressure.

Bytes are read 256 KB at a time in a small pool of threads, never on the event loop, and the next piece is read only
when the one before is on its way: a slow phone holds two pieces of memory and no thread. A client that hangs up is
noticed, so nothing is read for nobody. docs/decisions/0503 has the figures.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ferry.edge import answers, ranges
from ferry.edge.cors import Headers
from ferry.kernel.storage import blobs

log = logging.getLogger(__name__)

PIECE = 256 * 1024


class Opened(Protocol):
    """An open file that is read at offsets. Its methods run in the pool."""

    size: int

    def read(self, count: int, offset: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer only at the end."""

    def close(self) -> None:
        """Let go of the file."""


class LocalFile:
    """A file on this machine's disk."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._fd).st_size

    def read(self, count: int, offset: int) -> bytes:
        return os.pread(self._fd, count, offset)

    def close(self) -> None:
        os.close(self._fd)


class StreamFile:
    """Any other seekable stream, such as one from an object store."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, os.SEEK_END)

    def read(self, count: int, offset: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(count)

    def close(self) -> None:
        self._stream.close()


def open_blob(sha256: str) -> Opened:
    """The blob, from this disk where it is, else from storage. Raises BlobMissing, FileNotFoundError."""
    store = blobs()
    path = store.path(sha256)
    return LocalFile(path) if path is not None else StreamFile(store.open(sha256))


@dataclass(slots=True)
class FileSender:
    """Sends files over ASGI with a pool of its own; one for each process."""

    threads: int = 4
    active: int = 0
    sent_bytes: int = 0
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="files")

    def close(self) -> None:
        """End the threads; reads that are under way finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a blocking function in the pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    async def send(
        self,
        scope: Any,
        receive: Any,
        send: Any,
        *,
        file: Opened,
        etag: bytes,
        headers: Headers,
        offset: int = 0,
        size: int | None = None,
        whole: bool = False,
    ) -> int:
        """Answer a GET or HEAD with `size` bytes of `file` from `offset` on, then close the file. Gives the status.

        `whole`: in one piece only, whatever Range says.
        """
        try:
            length = file.size if size is None else size
            status, more, first, last = _plan(scope["headers"], length, etag, whole)
            headers = [*headers, (b"etag", etag), (b"accept-ranges", b"none" if whole else b"bytes"), *more]
            if status in (304, 416):
                await answers.send(send, status, headers, b"")
                return status
            headers.append((b"content-length", b"%d" % (last + 1 - first)))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            if scope["method"] == "HEAD" or last < first:
                await send({"type": "http.response.body", "body": b""})
                return status
            await self._stream(receive, send, file, offset + first, offset + last + 1)
            return status
        finally:
            file.close()

    async def _stream(self, receive: Any, send: Any, file: Opened, at: int, end: int) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        self.active += 1
        try:
            while at < end and not gone.done():
                piece = await self.run(file.read, min(PIECE, end - at), at)
                if not piece:
                    log.error("a stored file is shorter than it was; the answer is cut off")
                    return
                at += len(piece)
                self.sent_bytes += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": at < end})
        finally:
            self.active -= 1
            gone.cancel()


def _plan(request_headers: Any, size: int, etag: bytes, whole: bool) -> tuple[int, Headers, int, int]:
    """Status, headers, first and last byte of the answer."""
    asked = {name: value for name, value in request_headers if name in _CONDITIONS}
    if b"if-none-match" in asked and ranges.known(asked[b"if-none-match"], etag):
        return 304, [], 0, -1
    if not whole and b"range" in asked and ranges.still_the_same(asked.get(b"if-range", b""), etag):
        try:
            part = ranges.pick(asked[b"range"], size)
        except ranges.Unsatisfiable:
            return 416, [(b"content-range", b"bytes */%d" % size)], 0, -1
        if part is not None:
            return 206, [(b"content-range", b"bytes %d-%d/%d" % (*part, size))], *part
    return 200, [], 0, size - 1


_CONDITIONS = frozenset({b"if-none-match", b"range", b"if-range"})


async def _disconnected(receive: Any) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        continue
