"""Published state and check-ins made by hand, in the forms that the publisher and a phone give them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

APP_KEY = "fa_bench"
APP_ID = "01bench0000000000000000app"
DEVICE_SECRET = b"bench device token key, 32 bytes"
PROGRAMS, INSTALLED = 200, 20
PLATFORMS = ("android", "ios", "harmony", "web")
KINDS = ("h5", "dimina", "w3c")


def app_body() -> dict[str, Any]:
    """The part "app", sealed with this installation's secret."""
    from ferry.kernel import secrets
    from ferry.kernel.identity.keys import DEVICE_TOKEN_PURPOSE

    return {
        "id": APP_ID,
        "number": 1,
        "app_key": APP_KEY,
        "workspace": "01bench0000000000workspace",
        "name": "Bench",
        "environment": "production",
        "platforms": list(PLATFORMS),
        "cors_origins": [],
        "check_interval_s": 1800,
        "consent": "handled_by_app",
        "active": True,
        "device_token_key": secrets.seal(DEVICE_SECRET, purpose=DEVICE_TOKEN_PURPOSE),
        "user_token_keys": [],
        "server_keys": [],
        "limits": {"checkins_per_second": 1_000_000},
    }


def testers() -> list[str]:
    """The allowlist of the trials."""
    return [f"device-{number}" for number in range(0, 100_000, 50)]


def program_body(number: int, listed: str) -> dict[str, Any]:
    """One program with a trial for an allowlist, a gray release of a fifth of the new hosts, and a full one."""
    drawn = random.Random(number)
    grown = {"contextName": "host_version", "operator": "SEMVER_GT", "value": "6.0.0"}
    city = {"contextName": "city", "operator": "IN", "values": ["shanghai", "hangzhou", "beijing"]}
    gray = {
        "constraints": [grown] + ([city] if number % 3 == 0 else []),
        "rollout": {"share": 2000, "stickiness": "deviceId", "group": f"cohort-{number}"},
    }
    trial = {"allowlist": {"field": "deviceId", "set": listed}}
    rules = [("trial", {"any": [trial]}, 3), ("gray", {"any": [gray]}, 2), ("full", None, 1)]
    span = {name: {"min": "5.0.0", "max": None} for name in PLATFORMS} if number % 2 else {}
    return {
        "id": f"20180806{number:08d}",
        "name": f"Program {number}",
        "description": "A program of the benchmark",
        "category": drawn.choice(["travel", "food", "office"]),
        "order": number,
        "icons": {"48": sha256(b"icon %d" % number).hexdigest()},
        "withdrawn": None,
        "releases": [
            {
                "id": f"01bench{number:012d}release{code}",
                "kind": kind,
                "rule": rule,
                "range": span,
                "version": {
                    "id": f"01bench{number:012d}version{code}",
                    "code": code,
                    "name": f"1.{code}.0",
                    "kind": KINDS[number % 3],
                    "sha256": sha256(b"package %d %d" % (number, code)).hexdigest(),
                    "size": 1_000_000,
                    "files_root": sha256(b"files %d %d" % (number, code)).hexdigest(),
                    "entry": "index.html",
                    "notes": "",
                },
                "signature": {"alg": "ES256", "kid": "k1", "value": "M" * 96},
                "apply": "next_open",
                "network": "any",
                **(delivered(number, code) if has_terms(number) else {}),
            }
            for kind, rule, code in rules
        ],
    }


def has_terms(number: int) -> bool:
    """Every second program has been granted something and comes with deltas."""
    return number % 2 == 0


def delivered(number: int, code: int) -> dict[str, Any]:
    """The terms of one version, and deltas to it from the versions before."""
    domains = {"request": ["api.example.com", "*.example.org"], "webview": [], "upload": [], "download": []}
    return {
        "terms": {"serial": 1, "capabilities": ["scan", "location"], "domains": domains},
        "terms_signature": {"alg": "ES256", "kid": "k1", "value": "T" * 96},
        "deltas": [
            {
                "code": before,
                "from": sha256(b"package %d %d" % (number, before)).hexdigest(),
                "sha256": sha256(b"delta %d %d %d" % (number, before, code)).hexdigest(),
                "size": 30_000,
            }
            for before in range(1, code)
        ],
    }


@dataclass
class Handmade:
    """Published state as ferry.edge.snapshot.client asks for it."""

    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    sets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    version: int = 1

    @classmethod
    def of(cls, programs: int = PROGRAMS) -> Handmade:
        """The state that the check-in's figures are about."""
        made = cls()
        body = "\n".join(sorted(testers())).encode()
        listed = made.keep(body)
        made.bodies["app:"] = app_body()
        made.bodies["keys:"] = {"keys": []}
        for number in range(programs):
            program = program_body(number, listed)
            made.bodies[f"program:{program['id']}"] = program
            made.sets[f"program:{program['id']}"] = (listed,)
        return made

    def keep(self, body: bytes) -> str:
        """Store bytes under their hash."""
        address = sha256(body).hexdigest()
        self.stored[address] = body
        return address

    def versions(self) -> list[tuple[str, int, Any]]:
        return [(APP_ID, self.version, None)]

    def manifest(self, host_app_id: str) -> tuple[int, Mapping[str, Any], Mapping[str, Any] | None]:
        entries = {
            name: {"sha": self.keep(msgspec.json.encode(body)), "sets": list(self.sets.get(name, ()))}
            for name, body in self.bodies.items()
        }
        return self.version, entries, None

    def parts(self, shas: Iterable[str]) -> Mapping[str, bytes]:
        return {sha: self.stored[sha] for sha in shas if sha in self.stored}


def checkins(count: int = 500) -> list[tuple[bytes, str]]:
    """Bodies of about 1.2 KB with the device token that belongs to each; 20 programs installed, as released in full."""
    from ferry.edge.tokens import DeviceKeys, DeviceToken

    drawn = random.Random(11)
    keys = DeviceKeys(DEVICE_SECRET, APP_KEY)
    made = []
    for number in range(count):
        device = f"device-{drawn.randrange(100_000)}"
        body = {
            "device": {
                "id": device,
                "platform": PLATFORMS[number % 4],
                "os": str(drawn.randint(10, 15)),
                "model": f"Model {drawn.randint(1, 50)}",
                "host_version": f"{drawn.randint(5, 7)}.{drawn.randint(0, 9)}.0",
                "network": drawn.choice(["wifi", "4g", "5g"]),
                "locale": drawn.choice(["zh-CN", "en"]),
            },
            "user": f"user-{number}",
            "attributes": {"city": drawn.choice(["shanghai", "wuhan", "beijing"]), "tier": "gold", "age": 31},
            "installed": [
                {"id": f"20180806{program:08d}", "code": 1} | ({"terms": 1} if has_terms(program) else {})
                for program in drawn.sample(range(PROGRAMS), INSTALLED)
            ],
            "want": [],
        }
        token = keys.issue(DeviceToken(device, 1_700_000_000_000, f"user-{number}", True))
        made.append((msgspec.json.encode(body), token))
    return made


def requests(path: str, bodies: Sequence[tuple[bytes, str]]) -> list[bytes]:
    """Whole HTTP/1.1 requests with the headers that a phone's client sends."""
    return [
        b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nx-app-key: %b\r\nauthorization: Device %b\r\n"
        b"user-agent: FerryHost/1.0\r\naccept: application/json\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (path.encode(), APP_KEY.encode(), token.encode(), len(body), body)
        for body, token in bodies
    ]
