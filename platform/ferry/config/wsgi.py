"""The site over WSGI: console, management API, OpenAPI. Django over ASGI costs several times as much per request
(docs/decisions/0001).

A request that is refused before its body was read (no token, no right, another content type) is answered with
“Connection: close”. granian closes such a connection in any case, without saying so, and a client that keeps its
connections open would send the next request into it.

A body is read by the thread that answers, so a caller who stops in the middle of his holds that thread. Two bounds
keep the site answering: BODIES requests at most may be waiting for theirs (the others hear 503 at once), and a body
that comes slower than its pace ends as an unreadable one. They are a net: a proxy in front should buffer bodies.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from django.core.wsgi import get_wsgi_application

from ferry.kernel.errors import Overloaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.config.settings")

BODIES = 8  # requests that may be waiting for their body; run_site has twice as many threads
PATIENCE_S = 20.0  # for a body to come, and one second more for every _PACE_BYTES of it that have
_PACE_BYTES = 16 << 10
_RETRY_S = 5

_django = get_wsgi_application()
_bodies = threading.BoundedSemaphore(BODIES)


class _Body:
    """The body of a request: counts what has been read, and gives its place in `_bodies` back as soon as it is whole.

    granian's read cannot be given up, so a thread of its own makes it. One that is given up ends with its connection.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self.stream = stream
        self.length = length
        self.read_bytes = 0
        self._began = time.monotonic()
        self._holds = length > 0

    def read(self, *size: int) -> bytes:
        return self._timed(self.stream.read, size)

    def readline(self, *size: int) -> bytes:
        return self._timed(self.stream.readline, size)

    def release(self) -> None:
        """Let another request read its body. May be called again."""
        if self._holds:
            self._holds = False
            _bodies.release()

    def _timed(self, read: Callable[..., bytes], size: tuple[int, ...]) -> bytes:
        if self.read_bytes >= self.length:
            return read(*size)
        done: list[bytes] = []

        def reading() -> None:
            with suppress(Exception):  # a caller who has gone is no news
                done.append(read(*size))

        reader = threading.Thread(target=reading, daemon=True)
        reader.start()
        reader.join(max(0.0, self._began + PATIENCE_S + self.read_bytes / _PACE_BYTES - time.monotonic()))
        if not done:
            raise TimeoutError("the body came too slowly" if reader.is_alive() else "the body broke off")
        self.read_bytes += len(done[0])
        if self.read_bytes >= self.length:
            self.release()
        return done[0]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    length = _length(environ)
    if length and not _bodies.acquire(blocking=False):
        return _busy(start_response)
    body = _Body(environ["wsgi.input"], length)
    environ["wsgi.input"] = body

    def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        # Django reads nothing of a body without a length.
        if "HTTP_TRANSFER_ENCODING" in environ or body.read_bytes < length:
            headers = [*headers, ("Connection", "close")]
        return start_response(status, headers, *exc_info)

    try:
        return _django(environ, start)
    finally:
        body.release()


def _busy(start_response: Callable[..., Any]) -> Iterable[bytes]:
    answer = json.dumps(Overloaded(retry_after=_RETRY_S).body()).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    start_response("503 Service Unavailable", [*headers, ("Retry-After", str(_RETRY_S)), ("Connection", "close")])
    return [answer]


def _length(environ: dict[str, Any]) -> int:
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0
