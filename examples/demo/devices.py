"""Simulated phones: each registers, checks in, downloads and verifies over real HTTP, as docs/host-app.md says.

They share one process and one connection pool, not their state: every phone has an id, a token, an installed version
and the packages that it verified itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ferry.kernel.signing.canonical import canonical_json

AT_ONCE = 24  # requests under way; more only queue up behind two cores
MODELS = [("android", "15", "Pixel 9"), ("ios", "19.1", "iPhone18,1"), ("harmony", "6.0", "Mate 70")]
Report = Callable[[int, int], None]


class Unverified(Exception):
    """A package that must not run: wrong size, hash or signature."""


@dataclass
class Counts:
    """What all phones did together."""

    requests: int = 0
    waited: int = 0  # answers that said: later
    downloads: int = 0
    bytes: int = 0
    verified: int = 0


@dataclass
class Phone:
    """One phone."""

    number: int
    message_id: str
    platform: str
    os: str
    model: str
    host_version: str
    id: str = ""
    token: str = ""
    code: int = 0
    state: str = ""
    packages: dict[str, bytes] = field(default_factory=dict)  # verified, by sha256

    def facts(self) -> dict[str, str]:
        """How it describes itself."""
        return {
            "platform": self.platform,
            "os": self.os,
            "model": self.model,
            "host_version": self.host_version,
            "network": "wifi",
            "locale": "zh-CN",
        }


class Fleet:
    """Many phones and the edge that they talk to. `async with Fleet(...) as fleet`."""

    def __init__(self, edge: str, app_key: str, program: str, *, size: int, seed: str) -> None:
        chance = random.Random(seed)
        self.phones = []
        for number in range(size):
            platform, os, model = chance.choice(MODELS)
            version = chance.choice(["6.1.0", "6.2.4", "6.3.0"])
            self.phones.append(Phone(number, f"{seed}-{number:05d}", platform, os, model, version))
        self.counts = Counts()
        self.consent: dict[str, Any] | None = None
        self._program = program
        self._app_key = app_key
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self._shared: dict[str, bytes] = {}  # one copy in memory of what every phone downloaded for itself
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._client = httpx.AsyncClient(
            base_url=edge,
            headers={"X-App-Key": app_key},
            timeout=httpx.Timeout(10, connect=5),
            limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
            trust_env=False,
        )

    async def __aenter__(self) -> Fleet:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def on_versions(self) -> Counter[int]:
        """How many phones have each version."""
        return Counter(phone.code for phone in self.phones)

    async def register(self, report: Report) -> None:
        """Every phone gets its id and token, and says what its user has agreed to."""
        await self.each(self.phones, self._register, report)

    async def check_in(self, phones: Sequence[Phone], report: Report) -> None:
        """Every phone asks what it should have, downloads and verifies it, and has it installed."""
        await self.each(phones, self.turn, report)

    async def device_of(self, message_id: str) -> str:
        """The device id that a registration with this message gets, now or later."""
        answer = await self._json("POST", "/v1/devices", {"message_id": message_id, "platform": "web"})
        return str(answer["device"]["id"])

    async def call(self, method: str, path: str, body: dict[str, Any], phone: Phone) -> dict[str, Any]:
        """One request of a registered phone, with its token; waits and repeats where the edge says so."""
        return await self._json(method, path, body, {"Authorization": f"Device {phone.token}"})

    async def each(self, phones: Sequence[Phone], act: Callable[[Phone], Awaitable[Any]], report: Report) -> None:
        done = 0

        async def one(phone: Phone) -> None:
            nonlocal done
            async with self._gate:
                await act(phone)
            done += 1
            report(done, len(phones))

        try:
            async with asyncio.TaskGroup() as group:
                for phone in phones:
                    group.create_task(one(phone))
        except ExceptionGroup as failed:  # the first one ended the others
            raise failed.exceptions[0] from None

    async def _register(self, phone: Phone) -> None:
        answer = await self._json(
            "POST", "/v1/devices", {"message_id": phone.message_id, **phone.facts(), "consent": self.consent}
        )
        phone.id, phone.token = answer["device"]["id"], answer["token"]

    async def turn(self, phone: Phone) -> bool:
        """One check-in of one phone, with all that follows; whether its version changed."""
        question = {
            "device": {"id": phone.id, **phone.facts()},
            "installed": [{"id": self._program, "code": phone.code}] if phone.code else [],
            "want": [] if phone.code else [self._program],
            "state": phone.state,
        }
        answer = await self._json("POST", "/v1/checkin", question, {"Authorization": f"Device {phone.token}"})
        if answer.get("unchanged"):
            return False
        for update in answer["updates"]:
            await self._install(phone, update)
        phone.state = answer["state"]
        return bool(answer["updates"])

    async def _install(self, phone: Phone, update: dict[str, Any]) -> None:
        offered = update["package"]
        content = phone.packages.get(offered["sha256"])
        if content is None:
            answer = await self._request("GET", offered["url"])
            content = answer.content
            self.counts.downloads += 1
            self.counts.bytes += len(content)
        await self._verify(content, update)
        content = self._shared.setdefault(offered["sha256"], content)
        phone.packages[offered["sha256"]] = content
        phone.code = update["code"]

    async def _verify(self, content: bytes, update: dict[str, Any]) -> None:
        offered, signature = update["package"], update["signature"]
        if len(content) != offered["size"] or hashlib.sha256(content).hexdigest() != offered["sha256"]:
            raise Unverified(f"{update['id']} {update['code']}: the bytes are not those that were announced")
        statement = {
            "host_app": self._app_key,
            "program": update["id"],
            "version_code": update["code"],
            "sha256": offered["sha256"],
            "size": offered["size"],
            "files_root": offered["files_root"],
        }
        key = await self._key(signature["kid"])
        try:
            key.verify(base64.b64decode(signature["value"]), canonical_json(statement), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Unverified(f"{update['id']} {update['code']}: the signature is wrong") from None
        self.counts.verified += 1

    async def _key(self, kid: str) -> ec.EllipticCurvePublicKey:
        if kid not in self._keys:
            pem = (await self._json("GET", f"/keys/{kid}"))["pem"]
            key = load_pem_public_key(pem.encode())
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise Unverified(f"key {kid} is not an elliptic curve key")
            self._keys[kid] = key
        return self._keys[kid]

    async def _json(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        value: dict[str, Any] = (await self._request(method, path, body, headers)).json()
        return value

    async def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        wait = 1.0
        while True:
            self.counts.requests += 1
            answer = await self._client.request(method, path, json=body, headers=headers)
            if answer.status_code not in (429, 503):
                return answer.raise_for_status()
            self.counts.waited += 1
            pause = float(answer.headers.get("Retry-After", wait)) + random.random()
            wait = min(wait * 2, 900.0)
            await asyncio.sleep(pause)
