"""Which web origins may call: those that the host app names, and nobody else."""

from __future__ import annotations

from ferry.edge.snapshot.holder import Snapshots
from ferry.edge.snapshot.hostapp import HostAppSnapshot

Headers = list[tuple[bytes, bytes]]

VARY: tuple[bytes, bytes] = (b"vary", b"Origin")
_METHODS = b"GET, HEAD, POST"
_REQUEST_HEADERS = (
    b"authorization, content-encoding, content-type, if-none-match, if-range, last-event-id, range, x-app-key"
)
_EXPOSED = b"content-encoding, content-range, etag, retry-after"


def answer_headers(origin: bytes, *, allowed: bool) -> Headers:
    """What an answer carries when the request named an Origin. Credentials are never allowed: no cookies here."""
    if not allowed:
        return [VARY]
    return [VARY, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED)]


def for_app(origin: bytes, snapshot: HostAppSnapshot | None) -> Headers:
    """The headers of an answer that belongs to one host app."""
    return answer_headers(origin, allowed=snapshot is not None and origin in snapshot.app.cors_origins)


def for_all(origin: bytes, snapshots: Snapshots) -> Headers:
    """The headers of an answer that belongs to no single app: packages, keys, errors before the app is known."""
    return answer_headers(origin, allowed=snapshots.allows_origin(origin))


def preflight(origin: bytes, snapshots: Snapshots) -> Headers:
    """The headers of an OPTIONS answer. It cannot know the app yet, so any app's origin is let through to ask."""
    headers = for_all(origin, snapshots)
    if len(headers) == 1:
        return headers
    return [
        *headers,
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _REQUEST_HEADERS),
        (b"access-control-max-age", b"7200"),
    ]
