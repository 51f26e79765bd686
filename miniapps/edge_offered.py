"""`GET /v1/offered/{host_app}`: the list that the freshness statement names by its sha256 (miniapps.offered)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from falcon.asgi import Request, Response

from ferry.edge import ranges
from ferry.edge.errors import NoSuchPath
from ferry.edge.registry import Sources
from ferry.kernel.signing.canonical import canonical_json

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp


def load_offered(key: str, body: dict[str, Any], sources: Sources) -> tuple[bytes, str]:
    """The bytes that are answered, and their ETag. Canonical, so their sha256 is the one that was signed."""
    raw = canonical_json(body)
    return raw, f'"{sha256(raw).hexdigest()}"'


class Offered:
    """A phone keeps the list and asks again when the freshness statement names another one."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge
        self._snapshots = edge.snapshots

    async def on_get(self, req: Request, resp: Response, host_app: str) -> None:
        """`host_app` is the public app key."""
        self._edge.pass_limit(req)
        snapshot = self._snapshots.find(host_app.encode())
        found = None if snapshot is None else snapshot.part("offered").get("")
        if found is None:
            raise NoSuchPath
        body, etag = found
        resp.set_header("etag", etag)
        resp.set_header("cache-control", "public, max-age=5")
        if ranges.known((req.get_header("if-none-match") or "").encode(), etag.encode()):
            resp.status = 304
            return
        resp.content_type = "application/json"
        resp.data = body

    on_head = on_get


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/v1/offered/{host_app}", Offered(edge))
