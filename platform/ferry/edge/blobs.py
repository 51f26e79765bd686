"""`GET /packages/{sha256}` and `GET /icons/{sha256}.png|webp`: stored bytes by their hash, for ever the same.

Only what a snapshot names is served, and what one named until ten minutes ago: knowing the hash of a draft or of an
upload opens nothing. Where storage gives an address of its own, or a proxy sends files (X-Accel), only headers pass
through this process.
"""

from __future__ import annotations

import re
from time import monotonic
from typing import TYPE_CHECKING, Any

from ferry.edge import answers, cors
from ferry.edge.errors import MethodNotAllowed, NoSuchPath
from ferry.edge.files import FileSender, Opened, open_blob
from ferry.edge.metrics import RouteMetrics
from ferry.kernel.errors import FerryError
from ferry.kernel.storage import BlobMissing, blobs

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

IMMUTABLE = (b"cache-control", b"public, max-age=31536000, immutable, no-transform")
_REDIRECT_S = 300
_WAIT_S = 2.5  # two polls: what another edge has already offered arrives here within them
_NAME = re.compile(r"([0-9a-f]{64})(\.png|\.webp|)/?")
_PACKAGES = {"": b"application/zip"}
_ICONS = {".png": b"image/png", ".webp": b"image/webp"}


def add_routes(edge: EdgeApp, sender: FileSender) -> None:
    """Add both families of addresses."""
    for prefix, types in (("/packages/", _PACKAGES), ("/icons/", _ICONS)):
        edge.add_files(prefix, BlobRoute(edge, sender, prefix, types))


class BlobRoute:
    """One family of addresses: a prefix, then a hash with one of the known endings."""

    def __init__(self, edge: EdgeApp, sender: FileSender, prefix: str, types: dict[str, bytes]) -> None:
        self._snapshots = edge.snapshots
        self._settings = edge.settings
        self._metrics: RouteMetrics = edge.metrics.route(prefix + "{sha256}")
        self._sender = sender
        self._prefix = prefix
        self._types = types

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = monotonic()
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        extra = cors.for_all(origin, self._snapshots) if origin else []
        try:
            status = await self._answer(scope, receive, send, extra)
        except FerryError as refused:
            status, headers, body = answers.refusal(refused)
            await answers.send(send, status, headers + extra, b"" if scope["method"] == "HEAD" else body)
        self._metrics.note(status, monotonic() - started)

    async def _answer(self, scope: Any, receive: Any, send: Any, extra: cors.Headers) -> int:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(method=scope["method"])
        sha256, media_type = self._asked(scope["path"])
        if not await self._named(sha256):
            raise NoSuchPath
        store = blobs()
        url = await self._sender.run(store.url, sha256, _REDIRECT_S)
        if url is not None:
            await answers.send(send, 302, [*extra, (b"location", url.encode()), answers.NO_STORE], b"")
            return 302
        headers = [(b"content-type", media_type), IMMUTABLE, answers.NOSNIFF, *extra]
        etag = b'"%s"' % sha256.encode()
        if self._settings.x_accel_prefix:
            path = await self._sender.run(store.path, sha256)
            if path is not None:
                inner = self._settings.x_accel_prefix + str(path.relative_to(self._settings.blob_dir))
                headers += [(b"x-accel-redirect", inner.encode()), (b"etag", etag)]
                await answers.send(send, 200, headers, b"")
                return 200
        file = await self._open(sha256)
        return await self._sender.send(scope, receive, send, file=file, etag=etag, headers=headers)

    def _asked(self, path: str) -> tuple[str, bytes]:
        match = _NAME.fullmatch(path.removeprefix(self._prefix))
        if match is None or match[2] not in self._types:
            raise NoSuchPath
        return match[1], self._types[match[2]]

    async def _named(self, sha256: str) -> bool:
        """Whether a snapshot names the blob; an unknown one is asked for again after the next two polls."""
        if self._snapshots.serves(sha256):
            return True
        for _ in range(2):
            await self._snapshots.next_poll(_WAIT_S / 2)
            if self._snapshots.serves(sha256):
                return True
        return False

    async def _open(self, sha256: str) -> Opened:
        try:
            opened: Opened = await self._sender.run(open_blob, sha256)
        except (BlobMissing, FileNotFoundError):
            answers.log.error("blob %s is named by a snapshot and is not in storage", sha256)
            raise NoSuchPath from None
        return opened
