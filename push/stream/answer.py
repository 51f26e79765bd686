"""GET /v1/stream: one stream from its first byte to its last, as a plain ASGI callable.

The order of steps is what makes it complete: the connection is counted in first, then the inbox is read, then what
came meanwhile is sent. An entry that both bring is sent once. Every end is a proper end of the answer, or a broken
connection; after either the device comes back with the id of the last event that it has taken.
"""

from __future__ import annotations

import asyncio
import random
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ferry.edge import answers, auth, cors
from ferry.edge.address import client_address
from ferry.edge.cors import Headers
from ferry.edge.errors import MethodNotAllowed, NoSuchPath, RequestRefused
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.errors import FerryError
from push.stream import tickets, wire
from push.stream.errors import TicketInvalid
from push.stream.hub import Connection, End, Hub
from push.stream.replay import Replay

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

PATH = "/v1/stream"
KEEP_ALIVE_S = 15.0  # of silence: below the idle time-outs of common proxies and of mobile carriers
SEND_S = 15.0  # that a socket may take no byte
LONGEST_S = 1800.0  # then a stream is opened anew, with today's token, on whichever edge has room
RETRY_MS = (1_000, 5_000)  # drawn for each stream, so that devices do not come back all at once
_HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would otherwise keep events until its buffer is full
]


class Stream:
    """Answers every GET below /v1/stream."""

    def __init__(self, edge: EdgeApp, hub: Hub, replay: Replay) -> None:
        self._edge = edge
        self._hub = hub
        self._replay = replay
        self._metrics = edge.metrics.route(PATH)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = monotonic()
        asked = {name: value for name, value in scope["headers"] if name in _READ}
        origin = asked.get(b"origin", b"")
        status = 200
        snapshot = None
        connection = None
        try:
            if scope["path"].rstrip("/") != PATH:
                raise NoSuchPath
            if scope["method"] != "GET":
                raise MethodNotAllowed(method=scope["method"])
            self._count(scope, asked)
            query = _query(scope["query_string"])
            snapshot, token = self._who(asked, _one(query, "ticket"))
            since = wire.cursor(asked.get(b"last-event-id", b"").decode("latin-1") or _one(query, "since"))
            counted = Connection((snapshot.app.id, token.device_id), token.user)
            self._hub.add(counted)
            connection = counted
            waiting = await self._replay.waiting(snapshot.app, token.device_id, since)
            replayed = [entry for entry in waiting.entries if connection.may_see(entry)]
            connection.sent_to = max([since, *(entry.position for entry in waiting.entries)])
            if waiting.more:
                connection.cut()
            self._metrics.note(status, monotonic() - started)
            first = wire.opening(1 if waiting.more else random.randint(*RETRY_MS), replayed)  # noqa: S311
            await self._run(connection, receive, send, first, _cors(origin, snapshot))
        except Exception as wrong:  # before the first byte: _run keeps its own failures to itself
            refusal = answers.refusal(wrong) if isinstance(wrong, FerryError) else answers.unexpected(wrong)
            status, headers, body = refusal
            found = cors.for_app(origin, snapshot) if snapshot else cors.for_all(origin, self._edge.snapshots)
            self._metrics.note(status, monotonic() - started)
            await answers.send(send, status, headers + (found if origin else []), body)
        finally:
            if connection is not None:
                self._hub.remove(connection)

    def _count(self, scope: Any, asked: dict[bytes, bytes]) -> None:
        edge = self._edge
        address = client_address(scope, asked.get(b"x-forwarded-for", b""), edge.settings.trusted_proxies)
        edge.limits.pass_address(address, monotonic())

    def _who(self, asked: dict[bytes, bytes], ticket: str) -> tuple[HostAppSnapshot, DeviceToken]:
        """The host app and the device that the request proves."""
        snapshots = self._edge.snapshots
        if not ticket:
            snapshot = auth.host_app(snapshots, asked.get(b"x-app-key", b""))
            return snapshot, auth.required_device(snapshot, asked.get(b"authorization", b""))
        named = snapshots.by_id(tickets.host_app_of(ticket))
        if named is None or not named.app.active:
            raise TicketInvalid
        read = tickets.read(named.app.devices, ticket, now=self._edge.clock())
        if read is None or read.host_app_id != named.app.id:
            raise TicketInvalid
        return named, read.token

    async def _run(self, connection: Connection, receive: Any, send: Any, first: bytes, more: Headers) -> None:
        gone = asyncio.ensure_future(_hang_up(receive, connection))
        until = monotonic() + LONGEST_S * random.uniform(0.9, 1.1)  # noqa: S311
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *more]})
            chunk = first
            while True:
                if chunk:
                    await asyncio.wait_for(
                        send({"type": "http.response.body", "body": chunk, "more_body": True}), SEND_S
                    )
                if monotonic() > until:
                    connection.close(End.OLD)
                chunk = b"".join(map(wire.event, connection.take()))
                if chunk:
                    continue
                if connection.end is not None:
                    break
                if not await connection.something(KEEP_ALIVE_S):
                    chunk = wire.KEEP_ALIVE
            if connection.end is End.SLOW:
                raise TimeoutError
            await asyncio.wait_for(send({"type": "http.response.body", "body": b""}), SEND_S)
        except TimeoutError:
            connection.close(End.SLOW)
            _abort(send)
        except Exception:
            answers.log.exception("a stream broke off")
            _abort(send)
        finally:
            gone.cancel()


async def _hang_up(receive: Any, connection: Connection) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    connection.close(End.GONE)


def _abort(send: Any) -> None:
    """Break the connection off and free what the kernel and the server hold for it.

    ASGI has no word for this: a mere return closes the connection only after its last byte has been taken, which a
    reader that never reads can put off for ever. uvicorn's `send` is a method of the object that has the transport.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


def _cors(origin: bytes, snapshot: HostAppSnapshot) -> Headers:
    return cors.for_app(origin, snapshot) if origin else []


def _query(text: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(text.decode("latin-1"), max_num_fields=8)
    except ValueError:
        raise RequestRefused(reason="the address holds too many fields") from None


def _one(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


_READ = frozenset({b"authorization", b"last-event-id", b"origin", b"x-app-key", b"x-forwarded-for"})
