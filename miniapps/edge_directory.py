"""GET /v1/miniapps: the mini-programs that a device may see, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from falcon.asgi import Request, Response

from ferry.edge import ranges
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.errors import Invalid
from ferry.kernel.targeting import Context, decide
from miniapps.edge import NO_TOKEN, context_of, state_of
from miniapps.edge_types import CheckIn
from miniapps.snapshot_load import Program

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp


class Directory:
    """The device describes itself in the query."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_get(self, req: Request, resp: Response) -> None:
        """With If-None-Match of an earlier answer: 304 while it would say the same."""
        edge = self._edge
        snapshot = edge.host_app(req)
        edge.pass_limit(req)
        token = edge.device(req, snapshot) or NO_TOKEN
        said = _described(req.query_string, token)
        content = _content(snapshot, context_of(said, token, snapshot, edge.address(req), edge.clock()))
        etag = b'"%b"' % state_of(content).encode()
        resp.set_header("etag", etag.decode())
        resp.set_header("cache-control", "private, no-cache")
        resp.set_header("vary", "X-App-Key, Authorization")
        if ranges.known((req.get_header("if-none-match") or "").encode(), etag):
            resp.status = 304
            return
        resp.content_type = "application/json"
        resp.data = b'{"state":%b,%b}' % (etag, content)

    on_head = on_get


def _content(snapshot: HostAppSnapshot, context: Context) -> bytes:
    """The members that depend on neither clock nor chance."""
    shelves = snapshot.part("categories").get("")
    more = b',"categories":%b' % shelves.entries if shelves is not None else b""
    return b'"miniapps":[%b]%b' % (b",".join(_visible(snapshot, context)), more)


def _visible(snapshot: HostAppSnapshot, context: Context) -> Iterator[bytes]:
    programs: list[Program] = sorted(snapshot.part("program").values(), key=lambda program: program.order)
    return (program.listing for program in programs if decide(program.steps, context) is not None)


def _described(query: str, token: DeviceToken) -> CheckIn:
    """`platform=android&host_version=6.3.0&attributes.tier=gold` as the same type that a check-in has."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Invalid(reason="the query cannot be read") from None
    device: dict[str, Any] = {"id": token.device_id or "-"}
    attributes: dict[str, str] = {}
    user = None
    trials: list[str] = []
    for name, value in pairs:
        if name.startswith("attributes."):
            attributes[name.removeprefix("attributes.")] = value
        elif name == "user":
            user = value
        elif name == "trial":
            trials.append(value)
        elif name == "device":
            device["id"] = token.device_id or value
        else:
            device[name] = value
    try:
        return msgspec.convert({"device": device, "user": user, "attributes": attributes, "trials": trials}, CheckIn)
    except msgspec.ValidationError as wrong:
        raise Invalid(reason=str(wrong)) from None


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/v1/miniapps", Directory(edge))
