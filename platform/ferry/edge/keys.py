"""To check signatures and age: `GET /v1/keys/{host_app}`, `/v1/freshness/{host_app}`, `/keys/{kid}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from falcon.asgi import Request, Response

from ferry.edge import answers
from ferry.edge.errors import NoSuchPath
from ferry.edge.registry import Sources

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp


def load_keys(key: str, body: dict[str, Any], sources: Sources) -> dict[str, bytes]:
    """The part of kind "keys": kid → the JSON that is answered."""
    return {each["kid"]: answers.encode(each) for each in body["keys"]}


class PublicKey:
    """One public key: {"kid", "alg", "purpose", "pem"}. It never changes under its kid."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge
        self._snapshots = edge.snapshots

    async def on_get(self, req: Request, resp: Response, kid: str) -> None:
        """404 for a kid that no host app uses."""
        self._edge.pass_limit(req)
        body = self._snapshots.public_key(kid)
        if body is None:
            raise NoSuchPath
        resp.content_type = "application/json"
        resp.set_header("cache-control", "public, max-age=86400")
        resp.data = body

    on_head = on_get


class Freshness:
    """The signed statement about a host app's newest version; renewed by a tick, so it is never cached for long."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge
        self._snapshots = edge.snapshots

    async def on_get(self, req: Request, resp: Response, host_app: str) -> None:
        """`host_app` is the public app key."""
        self._edge.pass_limit(req)
        snapshot = self._snapshots.find(host_app.encode())
        if snapshot is None or snapshot.freshness is None:
            raise NoSuchPath
        resp.content_type = "application/json"
        resp.set_header("cache-control", "public, max-age=5")
        resp.data = answers.encode({name: snapshot.freshness[name] for name in ("statement", "signature")})

    on_head = on_get


class KeySet:
    """The list of keys that count, signed by the root keys. The freshness statement names its version."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge
        self._snapshots = edge.snapshots

    async def on_get(self, req: Request, resp: Response, host_app: str) -> None:
        """`host_app` is the public app key."""
        self._edge.pass_limit(req)
        snapshot = self._snapshots.find(host_app.encode())
        keys = None if snapshot is None or snapshot.freshness is None else snapshot.freshness.get("keys")
        if keys is None:
            raise NoSuchPath
        resp.content_type = "application/json"
        resp.set_header("cache-control", "public, max-age=5")
        resp.data = answers.encode(keys)

    on_head = on_get


def add_routes(edge: EdgeApp) -> None:
    """Add the three addresses."""
    edge.add_route("/v1/keys/{host_app}", KeySet(edge))
    edge.add_route("/keys/{kid}", PublicKey(edge))
    edge.add_route("/v1/freshness/{host_app}", Freshness(edge))
