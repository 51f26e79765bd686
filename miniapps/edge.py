"""The check-in: what a device calls to know what it should have.

One decode, one decision for each program, one join of bytes prepared when the snapshot was loaded. The state that an
answer carries names what it says; a device that sends it back, and has nothing left to do, is told "unchanged".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from random import random
from typing import TYPE_CHECKING, Any

import msgspec
from mmh3 import mmh3_x64_128_digest

from ferry.edge import auth
from ferry.edge.body import decode
from ferry.edge.errors import DeviceTokenInvalid
from ferry.edge.hot import HotRequest
from ferry.edge.settings import MAX_CHECKIN_BYTES
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.targeting import Context, decide
from miniapps.edge_types import CheckIn, Observation, observed
from miniapps.snapshot_load import Program

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

JITTER = 0.1  # of the interval, either way: phones that started together drift apart

_decoder = msgspec.json.Decoder(CheckIn)
_encode = msgspec.json.Encoder().encode
NO_TOKEN = DeviceToken("", 0)
_NONE: frozenset[str] = frozenset()
_NOT_OFFERED = "This mini-program is not offered to this device."


class CheckInRoute:
    """POST /v1/checkin."""

    def __init__(self, edge: EdgeApp) -> None:
        self._limits = edge.limits
        self._journal = edge.journal
        self._next_seq = edge.next_seq

    def __call__(self, request: HotRequest) -> bytes:
        """The whole check-in; never waits. Raises FerryErrors of status 4xx."""
        snapshot, now = request.snapshot, request.now
        app = snapshot.app
        token = auth.device(snapshot, request.authorization) or NO_TOKEN
        self._limits.pass_checkin(app, token.device_id, request.address, request.ticks)
        said = decode(_decoder, request.body)
        if token is not NO_TOKEN and token.device_id != said.device.id:
            raise DeviceTokenInvalid
        context = context_of(said, token, snapshot, request.address, now)
        found = Found(snapshot.part("program"), context, said)
        if len(found.installed) < len(said.installed):
            said = named_once(said)
            found = Found(snapshot.part("program"), context, said)
        if app.stores(token):
            seen = observed(Observation, app.id, said, context, found.installed, found.arms, self._next_seq())
            self._journal.offer("checkin", _encode(seen))
        trials = b',"trials":%b' % _encode(joined(snapshot.part("program"), said, context)) if said.trials else b""
        content = found.content(trials)
        state = state_of(content)
        after = int(app.check_interval_s * (1 - JITTER + 2 * JITTER * random()))  # noqa: S311 spreads load, no secret
        if said.state == state and not found.asks_something:
            return b'{"unchanged":true,"state":"%b","next_check_after":%d}' % (state.encode(), after)
        return b'{"state":"%b","server_time":"%b","next_check_after":%d,%b}' % (
            state.encode(),
            _iso(int(now)),
            after,
            content,
        )


class Found:
    """What one check-in found out, program by program: every installed one, then every wanted one that is not."""

    __slots__ = ("arms", "installed", "terms", "unavailable", "updates", "withdrawn")

    def __init__(self, programs: Mapping[str, Program], context: Context, said: CheckIn) -> None:
        self.updates: list[bytes] = []
        self.withdrawn: list[bytes] = []
        self.unavailable: list[str] = []
        self.terms: list[bytes] = []  # of installed versions, newer than the device has heard
        self.arms: list[bytes] = []
        self.installed: dict[str, int] = {}
        installed, updates, arms = self.installed, self.updates, self.arms
        for each in said.installed:
            program_id, code = each.id, each.code
            installed[program_id] = code
            program = programs.get(program_id)
            arm = None if program is None else decide(program.steps, context, code)
            if program is None or arm is None:
                self._withhold(program_id, program)
                continue
            arms.append(arm.observed)
            if arm.code != code:  # also downwards: that is a rollback
                updates.append(arm.deltas.get(code, arm.update))
            if program.newest_terms > each.terms:
                terms = program.terms.get(code)
                if terms is not None and terms.serial > each.terms:
                    self.terms.append(terms.entry)
        for program_id in dict.fromkeys(said.want):
            if program_id not in installed:
                self._look_for(program_id, programs.get(program_id), context)

    def _look_for(self, program_id: str, program: Program | None, context: Context) -> None:
        arm = None if program is None else decide(program.steps, context)
        if arm is None:
            self._withhold(program_id, program)
        else:
            self.arms.append(arm.observed)
            self.updates.append(arm.update)

    def _withhold(self, program_id: str, program: Program | None) -> None:
        if program is None or program.withdrawn is None:
            self.unavailable.append(program_id)
        else:
            self.withdrawn.append(program.withdrawn)

    @property
    def asks_something(self) -> bool:
        """Whether the device has to do something. It says that it has done so by what it has, never by a state."""
        return bool(self.updates or self.terms)

    def content(self, more: bytes) -> bytes:
        """What the answer says: the members that depend on neither clock nor chance.

        What a device may hear twice is in order, so that the order in which it names its programs does not matter. A
        program that does not exist and one that is not for this device read the same.
        """
        unavailable = [
            {"id": each, "code": "not_offered", "message": _NOT_OFFERED} for each in sorted(self.unavailable)
        ]
        return b'"updates":[%b],"withdrawn":[%b],"unavailable":%b%b%b,"switches":{}' % (
            b",".join(self.updates),
            b",".join(sorted(self.withdrawn)),
            _encode(unavailable) if unavailable else b"[]",
            b',"terms":[%b]' % b",".join(self.terms) if self.terms else b"",
            more,
        )


def named_once(said: CheckIn) -> CheckIn:
    """Of a program that the device names twice, its last word counts."""
    return msgspec.structs.replace(said, installed=list({each.id: each for each in said.installed}.values()))


def state_of(content: bytes) -> str:
    """Names an answer by what it says: an equal state is an equal answer (docs/decisions/0508).

    128 bits of murmur3: with a collision a device can only deceive itself.
    """
    return "s." + mmh3_x64_128_digest(content).hex()


def context_of(said: CheckIn, token: DeviceToken, snapshot: HostAppSnapshot, address: str, now: float) -> Context:
    """The device as rules see it. What the device says of itself goes before attributes of the same name."""
    device, app = said.device, snapshot.app
    return Context(
        now=now,
        device_id=device.id,
        user_id=token.user or said.user or "",
        verified_device=token is not NO_TOKEN,
        verified_user=token.user is not None,
        remote_address=address,
        invitations=shown(said.trials) if said.trials and token is not NO_TOKEN else _NONE,
        properties={
            **said.attributes,
            "platform": device.platform,
            "os": device.os,
            "model": device.model,
            "host_version": device.host_version,
            "network": device.network,
            "locale": device.locale,
            "appName": app.name,
            "environment": app.environment,
        },
    )


def shown(tokens: Iterable[str]) -> frozenset[str]:
    """Invitations as rules know them."""
    return frozenset(sha256(token.encode()).hexdigest() for token in tokens)


def joined(programs: Mapping[str, Program], said: CheckIn, context: Context) -> list[dict[str, Any]]:
    """The invitations among those shown that hold for this device now; a host forgets the others."""
    found = []
    for token in dict.fromkeys(said.trials):
        hashed = sha256(token.encode()).hexdigest()
        if hashed not in context.invitations:
            continue
        for program in programs.values():
            until = program.invitations.get(hashed)
            if until is not None and context.now < until:
                found.append({"token": token, "id": program.program_id, "ends_at": _iso(int(until)).decode()})
    return found


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_hot("/v1/checkin", CheckInRoute(edge), limit=MAX_CHECKIN_BYTES)


@lru_cache(maxsize=4)
def _iso(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
