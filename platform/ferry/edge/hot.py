"""The short way for the endpoints that every phone calls all day: one pass over the headers, one body, one answer.

Dispatched before Falcon's router inside the same ASGI app; docs/decisions/0501 has the figures that ask for it. What
a handler may count on is the same as on any other route: a known host app, a bounded body, limits, one error shape.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from ferry.edge import answers, auth, cors
from ferry.edge.address import client_address
from ferry.edge.body import inflated, rest, whole
from ferry.edge.errors import ClientGone, EncodingNotSupported
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.kernel.errors import FerryError, TooLarge

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp


class Head:
    """What the headers say, and the host app once it is known."""

    __slots__ = ("app_key", "authorization", "encoding", "forwarded", "length", "origin", "snapshot")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        get = dict(headers).get
        self.app_key: bytes = get(b"x-app-key", b"")
        self.authorization: bytes = get(b"authorization", b"")
        self.length = int(get(b"content-length", 0))  # the server has checked that these are digits
        self.origin: bytes = get(b"origin", b"")
        self.encoding: bytes = get(b"content-encoding", b"").lower()
        self.forwarded: bytes = get(b"x-forwarded-for", b"")
        if self.forwarded:  # a proxy may add a line of its own: they are one list, the nearest proxy last
            self.forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        self.snapshot: HostAppSnapshot | None = None


class HotRequest:
    """What a hot handler gets."""

    __slots__ = ("address", "authorization", "body", "now", "snapshot", "ticks")

    def __init__(
        self, snapshot: HostAppSnapshot, authorization: bytes, address: str, body: bytes, now: float, ticks: float
    ) -> None:
        self.snapshot = snapshot
        self.authorization = authorization
        self.address = address
        self.body = body
        self.now = now  # epoch seconds
        self.ticks = ticks  # seconds of a monotonic clock


Handle = Callable[[HotRequest], bytes]
Take = Callable[[Head, bytes, float], Awaitable[bytes]]  # headers, body, epoch seconds


class HotRoute:
    """One POST endpoint with a handler that never waits: it turns a request into the JSON of a 200, or raises."""

    def __init__(self, edge: EdgeApp, name: str, handle: Handle, limit: int) -> None:
        self._snapshots = edge.snapshots
        self._trusted = edge.settings.trusted_proxies
        self._metrics = edge.metrics.route(name)
        self._handle = handle
        self._limit = limit
        self._clock = edge.clock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        ticks = monotonic()
        head = Head(scope["headers"])
        try:
            if head.length > self._limit:
                raise TooLarge(limit=self._limit)
            address = client_address(scope, head.forwarded, self._trusted)
            self._admit(head, address, ticks)
            message = await receive()
            body = whole(message, self._limit)  # nearly always: a coroutine less to make and to run
            if body is None:
                body = await rest(message, receive, self._limit)
            answer = self._answer(head, address, body, ticks)
            payload = answer if isinstance(answer, bytes) else await answer
            status, headers = 200, [answers.JSON]
        except ClientGone:
            return
        except FerryError as refused:
            status, headers, payload = answers.refusal(refused)
        except Exception as wrong:
            status, headers, payload = answers.unexpected(wrong)
        if head.origin:
            known = head.snapshot
            found = cors.for_app(head.origin, known) if known else cors.for_all(head.origin, self._snapshots)
            headers = headers + found
        headers.append((b"content-length", b"%d" % len(payload)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})
        self._metrics.note(status, monotonic() - ticks)

    def _admit(self, head: Head, address: str, ticks: float) -> None:
        """What is asked before the body is read."""
        if head.encoding and head.encoding != b"identity":
            raise EncodingNotSupported
        head.snapshot = auth.host_app(self._snapshots, head.app_key)

    def _answer(self, head: Head, address: str, body: bytes, ticks: float) -> bytes | Awaitable[bytes]:
        snapshot = head.snapshot or auth.host_app(self._snapshots, head.app_key)
        return self._handle(HotRequest(snapshot, head.authorization, address, body, self._clock(), ticks))


class IntakeRoute(HotRoute):
    """One POST endpoint that stores what it gets before it answers: the body may be gzip, the app's key inside it.

    `take` finds the host app itself, says so in the head, and waits for the journal.
    """

    def __init__(self, edge: EdgeApp, name: str, take: Take, limit: int) -> None:
        super().__init__(edge, name, lambda request: b"", limit)
        self._limits = edge.limits
        self._take = take

    def _admit(self, head: Head, address: str, ticks: float) -> None:
        self._limits.pass_address(address, ticks)

    def _answer(self, head: Head, address: str, body: bytes, ticks: float) -> bytes | Awaitable[bytes]:
        if head.encoding and head.encoding != b"identity":
            body = inflated(body, head.encoding, self._limit)
        return self._take(head, body, self._clock())
