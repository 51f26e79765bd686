"""One host app as a request sees it: immutable, complete, and of one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ferry.edge.registry import Sources
from ferry.edge.tokens import DeviceKeys, DeviceToken
from ferry.kernel import secrets
from ferry.kernel.identity.keys import DEVICE_TOKEN_PURPOSE, USER_TOKEN_PURPOSE


@dataclass(frozen=True, slots=True)
class UserTokenKey:
    """A key with which the company's own server signs user tokens. `key` is secret bytes (HS256) or a public PEM."""

    alg: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppPart:
    """The host app's own settings, with its secrets unsealed in memory only."""

    id: str
    workspace_id: str
    number: int
    app_key: str
    name: str
    environment: str
    platforms: frozenset[str]
    cors_origins: frozenset[bytes]
    check_interval_s: int
    consent: str
    link_base: str  # what deep links into the app begin with; empty where it takes none
    active: bool
    devices: DeviceKeys
    user_token_keys: Mapping[str, UserTokenKey]
    server_keys: tuple[tuple[str, str], ...] = field(repr=False)  # id, hex sha256 of the key
    limits: Mapping[str, float]

    def stores(self, token: DeviceToken) -> bool:
        """Whether anything about this device may be kept (rule 13): not where consent is required and not given."""
        return self.consent != "required" or token.consented


def load_app(key: str, body: dict[str, Any], sources: Sources) -> AppPart:
    """The part of kind "app"."""
    return AppPart(
        id=body["id"],
        workspace_id=body["workspace"],
        number=body["number"],
        app_key=body["app_key"],
        name=body["name"],
        environment=body["environment"],
        platforms=frozenset(body["platforms"]),
        cors_origins=frozenset(origin.encode() for origin in body["cors_origins"]),
        check_interval_s=body["check_interval_s"],
        consent=body["consent"],
        link_base=body.get("link_base", ""),  # a snapshot on disk may be older than the field
        active=body["active"],
        devices=DeviceKeys(
            key=secrets.unseal(body["device_token_key"], purpose=DEVICE_TOKEN_PURPOSE), app_key=body["app_key"]
        ),
        user_token_keys=MappingProxyType({each["kid"]: _user_token_key(each) for each in body["user_token_keys"]}),
        server_keys=tuple((each["id"], each["sha256"]) for each in body["server_keys"]),
        limits=MappingProxyType({name: float(rate) for name, rate in body["limits"].items() if rate}),
    )


def _user_token_key(body: dict[str, Any]) -> UserTokenKey:
    if body["alg"] == "HS256":
        return UserTokenKey("HS256", secrets.unseal(body["sealed"], purpose=USER_TOKEN_PURPOSE))
    return UserTokenKey(body["alg"], body["pem"].encode())


class HostAppSnapshot:
    """Everything the edge needs to answer for one host app. Never changed after it is made."""

    __slots__ = ("_parts", "app", "blobs", "freshness", "host_app_id", "named", "version")

    def __init__(
        self,
        *,
        host_app_id: str,
        version: int,
        app: AppPart,
        parts: Mapping[str, Mapping[str, Any]],
        blobs: frozenset[str] = frozenset(),
        named: Mapping[str, str] | None = None,
        freshness: Mapping[str, Any] | None = None,
    ) -> None:
        self.host_app_id = host_app_id
        self.version = version
        self.app = app
        self.blobs = blobs  # hashes that this snapshot lets the edge serve
        self.named = _NOTHING if named is None else named  # name → hash of a blob that is served under it
        self.freshness = freshness
        self._parts = parts

    def part(self, kind: str) -> Mapping[str, Any]:
        """All loaded parts of a kind, by key."""
        return self._parts.get(kind, _NOTHING)

    def with_freshness(self, freshness: Mapping[str, Any] | None) -> HostAppSnapshot:
        """The same snapshot with a newer freshness statement: answers and their states stay as they are."""
        return HostAppSnapshot(
            host_app_id=self.host_app_id,
            version=self.version,
            app=self.app,
            parts=self._parts,
            blobs=self.blobs,
            named=self.named,
            freshness=freshness,
        )


_NOTHING: Mapping[str, Any] = MappingProxyType({})
