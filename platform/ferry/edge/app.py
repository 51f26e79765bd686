"""One edge process as an ASGI app: what happens to a request, from first byte to answer.

Three ways lead through it. `hot` endpoints take the short way (hot.py), `files` stream bytes (files.py), everything
else goes through Falcon's router. All three share the snapshot, the limits, the metrics and the shape of errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic, time
from typing import Any, Protocol, TypeVar

import falcon.asgi
import msgspec
from falcon import HTTPError, HTTPMethodNotAllowed, HTTPNotFound

from ferry.edge import answers, auth, cors, registry
from ferry.edge.address import client_address
from ferry.edge.body import decode, read_falcon
from ferry.edge.errors import MethodNotAllowed, NoSuchPath, RequestRefused
from ferry.edge.hot import Handle, HotRoute, IntakeRoute, Take
from ferry.edge.limits import EdgeLimits
from ferry.edge.metrics import EdgeMetrics
from ferry.edge.settings import MAX_BODY_BYTES, EdgeSettings
from ferry.edge.snapshot.holder import Snapshots
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.errors import FerryError

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Hook = Callable[[], Awaitable[None]]
T = TypeVar("T")


class JournalLike(Protocol):
    """The part of ferry.journal.writer.Journal that the edge uses."""

    async def append(self, kind: str, payload: bytes) -> None:
        """Return when the record is durable."""

    def offer(self, kind: str, payload: bytes) -> bool:
        """Take the record without a promise; False when it was dropped."""


class EdgeApp:
    """What apps see of the edge when they add their routes, and the ASGI callable that uvicorn runs."""

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        snapshots: Snapshots,
        journal: JournalLike,
        routes: Iterable[registry.RouteFunction] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self.snapshots = snapshots
        self.journal = journal
        self.clock: Callable[[], float] = clock or time  # epoch seconds; a test may hold it still
        self.limits = EdgeLimits(settings)
        self.metrics = EdgeMetrics(settings.process_id)
        self.next_seq: Callable[[], int] = itertools.count(1).__next__  # orders what one device did within one boot
        self._hot: dict[str, HotRoute] = {}
        self._files: list[tuple[str, Asgi]] = []
        self._on_start: list[Hook] = []
        self._on_drain: list[Callable[[], None]] = []
        self._on_stop: list[Hook] = []
        self._falcon = _falcon(self)
        for add in registry.routes() if routes is None else routes:
            add(self)

    # For the apps' route functions

    def add_route(self, path: str, resource: object) -> None:
        """A Falcon resource with async responders. Every path works with a trailing slash too."""
        self._falcon.add_route(path, resource)

    def add_hot(self, path: str, handle: Handle, *, limit: int) -> None:
        """A POST endpoint on the short way, with bodies of at most `limit` bytes."""
        self._hot[path] = self._hot[path + "/"] = HotRoute(self, path, handle, limit)

    def add_intake(self, path: str, take: Take, *, limit: int) -> None:
        """The same for an endpoint that waits for the journal and whose clients may send gzip."""
        self._hot[path] = self._hot[path + "/"] = IntakeRoute(self, path, take, limit)

    def add_files(self, prefix: str, app: Asgi) -> None:
        """Everything below `prefix` goes to this ASGI callable: for answers that stream bytes."""
        self._files.append((prefix, app))

    def on_start(self, hook: Hook) -> None:
        """Called on the event loop before the first request."""
        self._on_start.append(hook)

    def on_drain(self, hook: Callable[[], None]) -> None:
        """Called on the event loop when the process was told to end, while requests are still under way.

        Answers that would never end by themselves (streams) have to end here, or they would use up the grace time.
        """
        self._on_drain.append(hook)

    def drain(self) -> None:
        """Called by the server before it waits for the requests that are under way."""
        for hook in self._on_drain:
            hook()

    def on_stop(self, hook: Hook) -> None:
        """Called after the last request, in reverse order."""
        self._on_stop.insert(0, hook)

    # For the apps' responders

    def host_app(self, req: falcon.asgi.Request) -> HostAppSnapshot:
        """The host app whose key the request carries. Raises AppKeyUnknown."""
        snapshot = auth.host_app(self.snapshots, _raw(req, "x-app-key"))
        req.context.snapshot = snapshot
        return snapshot

    def device(self, req: falcon.asgi.Request, snapshot: HostAppSnapshot) -> DeviceToken | None:
        """The device whose token the request carries, if any."""
        return auth.device(snapshot, self.authorization(req))

    def authorization(self, req: falcon.asgi.Request) -> bytes:
        """The Authorization header as it came."""
        return _raw(req, "authorization")

    def address(self, req: falcon.asgi.Request) -> str:
        """The client's address."""
        lines = [value for name, value in req.scope["headers"] if name == b"x-forwarded-for"]
        return client_address(req.scope, b",".join(lines), self.settings.trusted_proxies)

    def pass_limit(self, req: falcon.asgi.Request) -> None:
        """Count this request against its address. Raises RateLimited."""
        self.limits.pass_address(self.address(req), monotonic())

    def from_device(self, req: falcon.asgi.Request) -> tuple[HostAppSnapshot, DeviceToken]:
        """The host app and the device that ask, counted against their address.

        Raises AppKeyUnknown, RateLimited, DeviceTokenMissing, DeviceTokenInvalid.
        """
        snapshot = self.host_app(req)
        self.pass_limit(req)
        return snapshot, auth.required_device(snapshot, self.authorization(req))

    async def said(self, req: falcon.asgi.Request, decoder: msgspec.json.Decoder[T]) -> T:
        """The request's body, of at most MAX_BODY_BYTES, in its type. Raises TooLarge, Invalid."""
        return decode(decoder, await read_falcon(req, MAX_BODY_BYTES))

    def stamp(self, snapshot: HostAppSnapshot) -> dict[str, Any]:
        """What every stamped record has (ferry.journal.records): its host app, its time and its place."""
        return {"host_app": snapshot.app.id, "at": int(self.clock() * 1000), "seq": self.next_seq()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            method = scope["method"]
            if method == "POST":
                hot = self._hot.get(path)
                if hot is not None:
                    await hot(scope, receive, send)
                    return
            elif method == "OPTIONS":
                await self._preflight(scope, send)
                return
            for prefix, app in self._files:
                if path.startswith(prefix):
                    await app(scope, receive, send)
                    return
            if path in self._hot:
                status, headers, body = answers.refusal(MethodNotAllowed(method=method))
                await answers.send(send, status, [*headers, (b"allow", b"POST, OPTIONS")], body)
                return
            await self._falcon(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _preflight(self, scope: Any, send: Any) -> None:
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        await answers.send(send, 204, cors.preflight(origin, self.snapshots), b"")

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            for hook in self._on_start:
                await hook()
        except Exception as wrong:
            answers.log.exception("the edge cannot start")
            await send({"type": "lifespan.startup.failed", "message": repr(wrong)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for hook in self._on_stop:
            try:
                await hook()
            except Exception:
                answers.log.exception("a part of the edge did not stop cleanly")
        await send({"type": "lifespan.shutdown.complete"})


def _falcon(edge: EdgeApp) -> falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response]:
    app = falcon.asgi.App(middleware=[_Frame(edge)])
    app.req_options.strip_url_path_trailing_slash = True
    app.add_error_handler(Exception, _answer_bug)
    app.add_error_handler(HTTPError, _answer_falcon)
    app.add_error_handler(FerryError, _answer_refusal)
    return app


class _Frame:
    """Around every request that Falcon routes: time, CORS, counts."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.started = monotonic()
        req.context.snapshot = None

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, req_succeeded: bool
    ) -> None:
        origin = _raw(req, "origin")
        if origin:
            snapshot = req.context.snapshot
            found = cors.for_app(origin, snapshot) if snapshot else cors.for_all(origin, self._edge.snapshots)
            for name, value in found:
                resp.append_header(name.decode(), value.decode("latin-1"))
        route = req.uri_template or "unmatched"
        self._edge.metrics.route(route).note(resp.status_code, monotonic() - req.context.started)


def _raw(req: falcon.asgi.Request, name: str) -> bytes:
    wanted = name.encode()
    return next((value for key, value in req.scope["headers"] if key == wanted), b"")


def _put(resp: falcon.asgi.Response, answer: tuple[int, cors.Headers, bytes]) -> None:
    resp.status, headers, resp.data = answer
    for name, value in headers:
        resp.set_header(name.decode(), value.decode("latin-1"))


async def _answer_refusal(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, wrong: FerryError, params: dict[str, Any], **_: Any
) -> None:
    _put(resp, answers.refusal(wrong))


async def _answer_falcon(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, wrong: HTTPError, params: dict[str, Any], **_: Any
) -> None:
    if isinstance(wrong, HTTPNotFound):
        _put(resp, answers.refusal(NoSuchPath()))
    elif isinstance(wrong, HTTPMethodNotAllowed):
        _put(resp, answers.refusal(MethodNotAllowed(method=req.method)))
        resp.set_header("allow", str((wrong.headers or {}).get("Allow", "")) if isinstance(wrong.headers, dict) else "")
    else:
        _put(resp, answers.refusal(RequestRefused(reason=wrong.title or "it is malformed")))


async def _answer_bug(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, wrong: Exception, params: dict[str, Any], **_: Any
) -> None:
    _put(resp, answers.unexpected(wrong))
