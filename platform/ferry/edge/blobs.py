"""Stored bytes by their hash, for ever the same: `GET /icons/{sha256}.png|webp`, and what packages.py adds.

Only what a snapshot names is served, and what one named until ten minutes ago: knowing the hash of a draft or of an
upload opens nothing. Where storage gives an address of its own, or a proxy sends files (X-Accel), only headers pass
through this process.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from ferry.edge import answers, cors
from ferry.edge.address import client_address
from ferry.edge.errors import MethodNotAllowed, NoSuchPath
from ferry.edge.files import FileSender, Opened, open_blob
from ferry.edge.metrics import RouteMetrics
from ferry.kernel.errors import FerryError, Overloaded
from ferry.kernel.storage import BlobMissing, blobs

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

IMMUTABLE = (b"cache-control", b"public, max-age=31536000, immutable, no-transform")
_REDIRECT_S = 300
_AWAY_S = 2  # after which to ask again when storage does not answer
_WAIT_S = 2.5  # two polls: what another edge has already offered arrives here within them
_ICON = re.compile(r"([0-9a-f]{64})(\.png|\.webp)/?")
_ICONS = {".png": b"image/png", ".webp": b"image/webp"}


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which an address can be answered."""

    blob: str  # hash of the stored file
    etag: bytes
    media_type: bytes
    encoding: str = ""  # Content-Encoding
    head: bytes = b""  # stands before the stored file
    headers: tuple[tuple[bytes, bytes], ...] = ()


def add_routes(edge: EdgeApp, sender: FileSender) -> None:
    """Add the addresses of icons."""
    edge.add_files("/icons/", IconRoute(edge, sender, "/icons/", "/icons/{sha256}"))


class BlobRoute(ABC):
    """One family of addresses below a prefix."""

    def __init__(self, edge: EdgeApp, sender: FileSender, prefix: str, name: str) -> None:
        self.snapshots = edge.snapshots
        self.prefix = prefix
        self._settings = edge.settings
        self._limits = edge.limits
        self._metrics: RouteMetrics = edge.metrics.route(name)
        self._sender = sender

    @abstractmethod
    async def forms(self, name: str, query: bytes, headers: dict[bytes, bytes]) -> Sequence[Form]:
        """The forms in which `name` can be answered to a request with these headers, best first. Empty: nothing."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = monotonic()
        asked = dict(scope["headers"])
        origin = asked.get(b"origin", b"")
        extra = cors.for_all(origin, self.snapshots) if origin else []
        try:
            self._pass_limit(scope)
            status = await self._answer(scope, receive, send, asked, extra)
        except FerryError as refused:
            status, headers, body = answers.refusal(refused)
            await answers.send(send, status, headers + extra, b"" if scope["method"] == "HEAD" else body)
        self._metrics.note(status, monotonic() - started)

    def _pass_limit(self, scope: Any) -> None:
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        self._limits.pass_address(client_address(scope, forwarded, self._settings.trusted_proxies), monotonic())

    async def named(self, known: Callable[[], bool]) -> bool:
        """Whether a snapshot names it; what is unknown is asked for again after the next two polls."""
        if known():
            return True
        for _ in range(2):
            await self.snapshots.next_poll(_WAIT_S / 2)
            if known():
                return True
        return False

    async def _answer(self, scope: Any, receive: Any, send: Any, asked: dict[bytes, bytes], extra: cors.Headers) -> int:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(method=scope["method"])
        name = scope["path"].removeprefix(self.prefix)
        for form in await self.forms(name, scope["query_string"], asked):
            headers = [(b"content-type", form.media_type), IMMUTABLE, answers.NOSNIFF, *form.headers, *extra]
            if form.encoding:
                headers.append((b"content-encoding", form.encoding.encode()))
            elsewhere = await self._elsewhere(send, form, headers)
            if elsewhere:
                return elsewhere
            file = await self._open(form)
            if file is not None:
                return await self._sender.send(
                    scope, receive, send, file=file, etag=form.etag, headers=headers, whole=bool(form.encoding)
                )
        raise NoSuchPath

    async def _elsewhere(self, send: Any, form: Form, headers: cors.Headers) -> int:
        """The status of an answer that lets somebody else send the bytes; 0 where this process has to."""
        if form.head:
            return 0
        store = blobs()
        url = await self._sender.run(store.url, form.blob, _REDIRECT_S, form.media_type.decode(), form.encoding)
        if url is not None:
            kept = [(name, value) for name, value in headers if name in _OF_A_REDIRECT]
            await answers.send(send, 302, [*kept, (b"location", url.encode()), answers.NO_STORE], b"")
            return 302
        if not self._settings.x_accel_prefix or form.encoding:
            return 0  # a proxy that sends a file does not know its encoding
        path = await self._sender.run(store.path, form.blob)
        if path is None:
            return 0
        inner = self._settings.x_accel_prefix + str(path.relative_to(self._settings.blob_dir))
        headers = [*headers, (b"x-accel-redirect", inner.encode()), (b"etag", form.etag)]
        await answers.send(send, 200, headers, b"")
        return 200

    async def _open(self, form: Form) -> Opened | None:
        try:
            opened: Opened = await self._sender.run(open_blob, form.blob)
        except (BlobMissing, FileNotFoundError):
            answers.log.error("blob %s is named by a snapshot and is not in storage", form.blob)
            return None
        except Exception as wrong:  # an object store has failures of its own kind, and all of them pass
            answers.log.error("blob %s cannot be read: %r", form.blob, wrong)
            raise Overloaded(retry_after=_AWAY_S) from wrong
        return Headed(opened, form.head) if form.head else opened


_OF_A_REDIRECT = frozenset({b"vary", b"access-control-allow-origin", b"access-control-expose-headers"})


class Headed:
    """A file with some bytes before it."""

    def __init__(self, file: Opened, head: bytes) -> None:
        self._file, self._head = file, head
        self.size = len(head) + file.size

    def read(self, count: int, offset: int) -> bytes:
        head = self._head[offset : offset + count]
        if len(head) == count:
            return head
        return head + self._file.read(count - len(head), max(0, offset - len(self._head)))

    def close(self) -> None:
        self._file.close()


class IconRoute(BlobRoute):
    """`/icons/{sha256}.png` and `.webp`."""

    async def forms(self, name: str, query: bytes, headers: dict[bytes, bytes]) -> Sequence[Form]:
        match = _ICON.fullmatch(name)
        if match is None:
            return ()
        icon = match[1] + match[2]  # the hash alone could be a package's
        if not await self.named(lambda: self.snapshots.named(icon) is not None):
            return ()
        return (Form(match[1], b'"%s"' % match[1].encode(), _ICONS[match[2]]),)
