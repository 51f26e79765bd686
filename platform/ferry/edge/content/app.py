"""Serves the files of a mini-program under its preview host, straight out of the stored package.

This listener knows no cookies, no API and no edge routes. A host name is `{label}.pkg.…`: the label is unguessable,
expires, and names one version, so two mini-programs never share an origin. See docs/content-origin.md.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.db import DatabaseError, connections

from ferry.edge import answers
from ferry.edge.content.media import media_type
from ferry.edge.content.previews import Finder, Preview
from ferry.edge.cors import Headers
from ferry.edge.files import FileSender, open_blob
from ferry.kernel import clock
from ferry.kernel.storage import BlobMissing

REMEMBER_S = 15.0  # how long a revoked preview may live on here
_REMEMBER_NOTHING_S = 2.0
_MAX_REMEMBERED = 1000
_AWAY = "Previews cannot be shown at the moment. Try again."
_LABEL = r"([a-z0-9]{16,63})"

# What a mini-program may do. Its own origin stays its own (allow-same-origin): storage and module scripts need one,
# and the host name belongs to nobody else. It can neither navigate the page around it nor open windows.
_SANDBOX = "sandbox allow-scripts allow-same-origin allow-forms allow-modals allow-downloads"
_SOURCES = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"
_REST = "base-uri 'self'; form-action 'self'; object-src 'none'"


class Unknown(Exception):
    """The database cannot be asked, so nobody knows whether there is such a preview."""


@dataclass(frozen=True, slots=True)
class _Known:
    preview: Preview | None
    files: dict[str, tuple[int, int, str]]  # path → offset, size, sha256
    policy: bytes
    until: float  # monotonic


@dataclass(slots=True)
class ContentApp:
    """The ASGI callable of the content process."""

    origin: str  # as the setting CONTENT_ORIGIN: "http://{version}.pkg.localhost:8002"
    find: Finder | None
    framed_by: Collection[str] = ()  # origins whose pages may show a preview in a frame
    sender: FileSender = field(default_factory=FileSender)
    _host: re.Pattern[str] = field(init=False)
    _known: dict[str, _Known] = field(default_factory=dict)
    _ancestors: str = field(init=False)
    _common: Headers = field(init=False)
    _shared: Headers = field(init=False)

    def __post_init__(self) -> None:
        before, _, after = (urlsplit(self.origin.replace("{version}", "\0")).netloc.rpartition("@")[2]).partition("\0")
        name = re.escape(after.partition(":")[0])
        self._host = re.compile(rf"{re.escape(before)}{_LABEL}{name}(?::\d{{1,5}})?", re.IGNORECASE)
        self._ancestors = " ".join(("frame-ancestors 'self'", *self.framed_by))
        self._common = [
            answers.NOSNIFF,
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"origin-agent-cluster", b"?1"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
            (b"x-robots-tag", b"noindex"),
            (b"cache-control", b"private, no-cache"),
        ]
        # Whoever has the app key can have these bytes from the edge too; a web host's page reads them from afar.
        public = {
            b"cross-origin-resource-policy": b"cross-origin",
            b"cache-control": b"public, max-age=600",
            b"access-control-allow-origin": b"*",
        }
        self._shared = list((dict(self._common) | public).items())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        if scope["path"] == "/healthz" and self._host.fullmatch(host) is None:
            await self._plain(send, 200, "ok")
            return
        if scope["method"] not in ("GET", "HEAD"):
            await self._plain(send, 405, "Only GET and HEAD are answered here.", (b"allow", b"GET, HEAD"))
            return
        match = self._host.fullmatch(host)
        try:
            known = None if match is None else await self._lookup(match[1].lower())
        except Unknown:
            await self._plain(send, 503, _AWAY, (b"retry-after", b"2"))
            return
        if known is None or known.preview is None or known.preview.expires_at <= clock.now():
            await self._plain(send, 404, "This preview does not exist or has expired. Open a new one in the console.")
            return
        path = scope["path"].removeprefix("/") or known.preview.entry
        released = known.preview.released
        found = known.files.get(path)
        if found is None and released:
            found = known.files.get(path.partition("/")[2])
        if found is None:
            await self._plain(send, 404, "The package has no such file.")
            return
        offset, size, sha256 = found
        try:
            file = await self.sender.run(open_blob, known.preview.sha256)
        except (BlobMissing, FileNotFoundError):
            await self._plain(send, 404, "The package of this preview is gone.")
            return
        except Exception as wrong:  # an object store has failures of its own kind, and all of them pass
            answers.log.error("package %s cannot be read: %r", known.preview.sha256, wrong)
            await self._plain(send, 503, _AWAY, (b"retry-after", b"2"))
            return
        headers = [
            (b"content-type", media_type(path).encode()),
            (b"content-security-policy", known.policy),
            *(self._shared if released else self._common),
        ]
        etag = b'"%s"' % sha256.encode()
        await self.sender.send(scope, receive, send, file=file, etag=etag, headers=headers, offset=offset, size=size)

    async def _lookup(self, label: str) -> _Known | None:
        """What the label shows, remembered for a while; misses too, so that guessing costs the database little."""
        if self.find is None:
            return None
        now = time.monotonic()
        known = self._known.get(label)
        if known is not None and known.until > now:
            return known
        try:
            preview = await self.sender.run(_asked, self.find, label)
        except DatabaseError:
            answers.log.exception("previews cannot be looked up")
            raise Unknown from None
        files = {path: (offset, size, sha) for path, offset, size, sha in preview.files} if preview else {}
        known = _Known(preview, files, self._policy(preview), now + (REMEMBER_S if preview else _REMEMBER_NOTHING_S))
        # A file table can be large, so nothing is kept beyond its time.
        still = [(each, value) for each, value in self._known.items() if value.until > now and each != label]
        self._known = {**dict(still[1 - _MAX_REMEMBERED :]), label: known}
        return known

    def _policy(self, preview: Preview | None) -> bytes:
        """What a page may do and reach: its own files, and what its version asks for, over https."""
        connect, frames = (preview.connect, preview.frames) if preview else ((), ())
        reach = (
            " ".join(("connect-src 'self' data: blob:", *(f"https://{name}" for name in connect))),
            " ".join(("frame-src 'self' data: blob:", *(f"https://{name}" for name in frames))),
        )
        return "; ".join((_SANDBOX, _SOURCES, *reach, _REST, self._ancestors)).encode()

    async def _plain(self, send: Any, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
        kind = (b"content-type", b"text/plain; charset=utf-8")
        headers = [kind, (b"content-security-policy", self._policy(None)), *self._common, *more]
        await answers.send(send, status, headers, text.encode())

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.sender.close()
        await send({"type": "lifespan.shutdown.complete"})


def _asked(find: Finder, label: str) -> Preview | None:
    """Ask in a thread of the pool. Lookups are rare, so none of its threads keeps a connection."""
    try:
        return find(label)
    finally:
        connections.close_all()
