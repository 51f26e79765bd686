"""A mirror in front of the real edge that lies: it records what passes, plays old answers again, and makes up new ones.

It has no keys, unless a test says that one was stolen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from json import dumps, loads
from typing import Any

from ferry.kernel import clock, secrets
from ferry.kernel.signing import ecdsa
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.models import SigningKey
from miniapps.delivery import making, plan
from tests.edge.phone import Phone
from tests.edge.verifier import Host, Unreachable
from tests.world import World

Lie = Callable[[bytes], bytes]


@dataclass
class Mirror:
    """`get` and `check_in` are what a host talks to. `lies` maps the start of a path to what becomes of the answer."""

    phone: Phone
    lies: dict[str, Lie] = field(default_factory=dict)
    passed: dict[str, bytes] = field(default_factory=dict)  # the last honest answer to each path
    gone: bool = False

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def check_in(self, said: dict[str, Any]) -> dict[str, Any]:
        device = {"id": self.phone.id, "platform": "android", "host_version": "6.3.0"}
        answer: dict[str, Any] = loads(self._ask("POST", "/v1/checkin", {"device": device} | said))
        return answer

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        if self.gone:
            raise Unreachable(path)
        self.phone.client.poll()
        token = f"Device {self.phone.token}"
        answer = self.phone.edge(method, path, json=body, x_app_key=self.phone.key, authorization=token)
        name = path.partition("?")[0]
        honest = answer.content if answer.status_code == 200 else b""
        if honest:
            self.passed[name] = honest
        lie = next((lie for start, lie in self.lies.items() if path.startswith(start)), None)
        told = lie(honest) if lie else honest
        if not told:
            raise Unreachable(f"{path}: {answer.status_code}")
        return told

    # Ways to lie

    def replay(self, *paths: str) -> None:
        """Answers these with what was said last, from now on."""
        for path in paths:
            old = self.passed[path]
            self.lies[path] = lambda honest, old=old: old  # type: ignore[misc]

    def honest(self) -> None:
        """No more lies."""
        self.lies.clear()

    def change(self, path: str, change: Callable[[Any], Any]) -> None:
        """Changes the JSON that passes."""
        self.lies[path] = lambda honest: dumps(change(loads(honest))).encode()


@dataclass
class Stolen:
    """A private key in the wrong hands."""

    kid: str
    private: bytes

    @classmethod
    def key(cls, world: World, purpose: str) -> Stolen:
        row = SigningKey.objects.of(world.workspace).get(purpose=purpose, retired_at=None)
        return cls(row.kid, secrets.unseal(row.sealed_private, purpose="signing-key"))

    def sign(self, statement: dict[str, Any]) -> dict[str, str]:
        return {"alg": "ES256", "kid": self.kid, "value": ecdsa.sign(self.private, canonical_json(statement))}


def host(world: World, mirror: Mirror) -> Host:
    """A new phone whose app was built with the workspace's root key."""
    roots = SigningKey.objects.of(world.workspace).filter(purpose="root", revoked_at=None)
    return Host(
        app_key=world.host_app.app_key,
        root={row.kid: row.public_pem for row in roots},
        get=mirror.get,
        check_in=mirror.check_in,
        now=clock.now_ms,
    )


def deliver() -> None:
    """Everything that the heavy worker would make."""
    plan.plan()
    making.work()
