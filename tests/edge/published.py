"""Published state made by hand, in the form that ferry.kernel.publishing gives it: what edge tests start from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx

from ferry.edge.app import EdgeApp
from ferry.kernel import secrets
from ferry.kernel.identity.keys import DEVICE_TOKEN_PURPOSE, USER_TOKEN_PURPOSE
from ferry.kernel.publishing import sets

NOW = 1_800_000_000.0
APP_KEY = "fa_test"
APP_ID = "01app000000000000000000000"
DEVICE_SECRET = b"d" * 32
USER_SECRET = b"u" * 32
SERVER_KEY = "fs_secret"


def app_body(**changes: Any) -> dict[str, Any]:
    """The part "app"."""
    body = {
        "id": APP_ID,
        "number": 1,
        "app_key": APP_KEY,
        "workspace": "01workspace000000000000000",
        "name": "Harbour",
        "environment": "production",
        "platforms": ["android", "ios"],
        "cors_origins": ["https://shop.example"],
        "check_interval_s": 1800,
        "consent": "handled_by_app",
        "active": True,
        "device_token_key": secrets.seal(DEVICE_SECRET, purpose=DEVICE_TOKEN_PURPOSE),
        "user_token_keys": [
            {
                "kid": "h1",
                "alg": "HS256",
                "sealed": secrets.seal(USER_SECRET, purpose=USER_TOKEN_PURPOSE),
                "pem": None,
            }
        ],
        "server_keys": [{"id": "sk1", "sha256": sha256(SERVER_KEY.encode()).hexdigest()}],
        "limits": {"checkins_per_second": 10_000},
    }
    return body | changes


def release_body(code: int, *, rule: Any = None, kind: str = "full", sha: str = "", **changes: Any) -> dict[str, Any]:
    """One entry of a program's "releases"."""
    return {
        "id": f"r{code}",
        "kind": kind,
        "rule": rule,
        "range": {},
        "version": {
            "id": f"v{code}",
            "code": code,
            "name": f"1.{code}.0",
            "kind": "h5",
            "sha256": sha or sha256(str(code).encode()).hexdigest(),
            "size": 10,
            "files_root": "f" * 64,
            "entry": "index.html",
            "notes": "",
        },
        "signature": {"alg": "ES256", "kid": "k1", "value": "c2ln"},
        "apply": "next_open",
        "network": "any",
    } | changes


def program_body(program_id: str, *releases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The part "program"."""
    return {
        "id": program_id,
        "name": program_id.title(),
        "description": "",
        "category": "",
        "order": 0,
        "icons": {},
        "withdrawn": None,
        "releases": list(releases),
    } | changes


@dataclass
class Published:
    """One host app's published state; also the Source that SnapshotClient asks."""

    app: dict[str, Any] = field(default_factory=app_body)
    others: dict[str, dict[str, Any]] = field(default_factory=dict)  # "kind:key" → body
    sets: dict[str, tuple[str, ...]] = field(default_factory=dict)  # "kind:key" → hashes
    freshness: dict[str, Any] | None = None
    version: int = 1
    away: bool = False
    asked: list[str] = field(default_factory=list)  # every part that was fetched
    _stored: dict[str, bytes] = field(default_factory=dict)

    def program(self, body: dict[str, Any], *, sets: tuple[str, ...] = ()) -> None:
        """Publish one mini-program."""
        self.others[f"program:{body['id']}"] = body
        self.sets[f"program:{body['id']}"] = sets
        self.version += 1

    def store(self, members: Iterable[str]) -> str:
        """Store a set and give its hash."""
        body = sets.encode(members)
        self._stored[sets.address(body)] = body
        return sets.address(body)

    def versions(self) -> list[tuple[str, int, Any]]:
        if self.away:
            raise ConnectionError("the database is away")
        return [(APP_ID, self.version, json.dumps(self.freshness))]

    def manifest(self, host_app_id: str) -> tuple[int, Mapping[str, Any], Mapping[str, Any] | None]:
        entries = {}
        for name, body in {"app:": self.app, **self.others}.items():
            raw = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
            address = sets.address(raw)
            self._stored[address] = raw
            entries[name] = {"sha": address, "sets": list(self.sets.get(name, ()))}
        return self.version, entries, self.freshness

    def parts(self, shas: Iterable[str]) -> Mapping[str, bytes]:
        wanted = list(shas)
        self.asked += wanted
        return {sha: self._stored[sha] for sha in wanted if sha in self._stored}


class Notes:
    """A journal that keeps its records in memory, and can be told to refuse."""

    def __init__(self) -> None:
        self.appended: list[tuple[str, dict[str, Any]]] = []
        self.offered: list[tuple[str, dict[str, Any]]] = []
        self.refusal: Exception | None = None

    async def append(self, kind: str, payload: bytes) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.appended.append((kind, json.loads(payload)))

    def offer(self, kind: str, payload: bytes) -> bool:
        self.offered.append((kind, json.loads(payload)))
        return True


class Clock:
    """Epoch seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Caller:
    """Calls an ASGI app as a device would."""

    app: Any
    host: str = "edge.test"

    def __call__(
        self, method: str, path: str, *, json: Any = None, content: bytes | None = None, **headers: str
    ) -> httpx.Response:
        """Header names with `_` for `-`. The public app key goes along unless another one is given."""
        named = {"x-app-key": APP_KEY} | {name.replace("_", "-"): value for name, value in headers.items()}

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("203.0.113.7", 4711))
            if isinstance(self.app, EdgeApp):
                self.app.snapshots.attach(asyncio.get_running_loop())
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{self.host}") as client:
                return await client.request(method, path, json=json, content=content, headers=named)

        return asyncio.run(call())


def checkin_body(**changes: Any) -> dict[str, Any]:
    """A check-in of an Android phone without anything installed."""
    device = {"id": "d1", "platform": "android", "os": "14", "host_version": "6.3.0", "locale": "zh-CN"}
    return {"device": device | changes.pop("device", {})} | changes
