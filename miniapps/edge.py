"""What a device calls to know what it should have: the check-in, and the directory.

One decode, one decision for each program, one join of bytes prepared when the snapshot was loaded. The state that an
answer carries names everything that the answer depends on; a device that sends it back is told "unchanged".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from random import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from falcon.asgi import Request, Response

from ferry.edge import answers, auth, ranges
from ferry.edge.body import decode
from ferry.edge.errors import DeviceTokenInvalid
from ferry.edge.hot import HotRequest
from ferry.edge.settings import MAX_CHECKIN_BYTES
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.errors import Invalid, RateLimited
from ferry.kernel.targeting import Context, decide
from miniapps.edge_types import CheckIn, Observation, arms_of
from miniapps.snapshot_load import Program

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

JITTER = 0.1  # of the interval, either way: phones that started together drift apart

_decoder = msgspec.json.Decoder(CheckIn)
_encode = msgspec.json.Encoder().encode
_canonical = msgspec.json.Encoder(order="deterministic").encode
_NO_TOKEN = DeviceToken("", 0)
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
        token = auth.device(snapshot, request.authorization) or _NO_TOKEN
        wait = self._limits.wait_checkin(app, token.device_id, request.address, request.ticks)
        if wait:
            raise RateLimited(retry_after=answers.whole_seconds(wait))
        said = decode(_decoder, request.body)
        if token is not _NO_TOKEN and token.device_id != said.device.id:
            raise DeviceTokenInvalid
        context = context_of(said, token, snapshot, request.address, now)
        installed, serials = {}, {}
        for each in said.installed:
            installed[each.id] = each.code
            if each.terms:
                serials[each.id] = each.terms
        found = Found(snapshot.part("program"), context, installed, said.want)
        if app.stores(token):
            self._observe(app.id, said, context, installed, found.arms)
        state = state_of(snapshot, said, token, request.address, installed, now, serials)
        after = int(app.check_interval_s * (1 - JITTER + 2 * JITTER * random()))  # noqa: S311 spreads load, no secret
        if said.state == state:
            return b'{"unchanged":true,"state":"%b","next_check_after":%d}' % (state.encode(), after)
        trials = b',"trials":%b' % _encode(joined(snapshot.part("program"), said, context)) if said.trials else b""
        return found.answer(state, now, after, found.newer_terms(serials) + trials)

    def _observe(
        self,
        host_app: str,
        said: CheckIn,
        context: Context,
        installed: dict[str, int],
        arms: list[bytes],
    ) -> None:
        device = said.device
        self._journal.offer(
            "checkin",
            _encode(
                Observation(
                    host_app,
                    device.id,
                    context.user_id,
                    context.verified_user,
                    int(context.now * 1000),
                    self._next_seq(),
                    device.platform,
                    device.os,
                    device.model,
                    device.host_version,
                    device.network,
                    device.locale,
                    said.attributes,
                    list(installed.items()),
                    arms_of(arms),
                )
            ),
        )


class Found:
    """What one check-in found out, program by program: every installed one, then every wanted one that is not."""

    __slots__ = ("arms", "governed", "unavailable", "updates", "withdrawn")

    def __init__(
        self, programs: Mapping[str, Program], context: Context, installed: dict[str, int], want: list[str]
    ) -> None:
        self.governed: list[tuple[Program, int]] = []  # installed, with terms in play
        self.updates: list[bytes] = []
        self.withdrawn: list[bytes] = []
        self.unavailable: list[str] = []
        self.arms: list[bytes] = []
        updates, arms = self.updates, self.arms
        asked: Iterable[tuple[str, int | None]] = installed.items()
        if want:
            asked = [*installed.items(), *((each, None) for each in dict.fromkeys(want) if each not in installed)]
        for program_id, code in asked:
            program = programs.get(program_id)
            if program is None:
                self.unavailable.append(program_id)
            elif program.withdrawn is not None:
                self.withdrawn.append(program.withdrawn)
            else:
                arm = decide(program.steps, context, code)
                if arm is None:
                    self.unavailable.append(program_id)
                else:
                    arms.append(arm.observed)
                    if program.terms is not None and code is not None:
                        self.governed.append((program, code))
                    if arm.code != code:  # also downwards: that is a rollback
                        updates.append(arm.deltas.get(code, arm.update))

    def newer_terms(self, serials: Mapping[str, int]) -> bytes:
        """The member "terms": of installed versions whose terms changed since the device heard them; or nothing."""
        newer = []
        for program, code in self.governed:
            terms = (program.terms or {}).get(code)
            if terms is not None and terms.serial > serials.get(program.program_id, 0):
                newer.append(terms.entry)
        return b',"terms":[%b]' % b",".join(newer) if newer else b""

    def answer(self, state: str, now: float, after: int, more: bytes) -> bytes:
        """The body of a 200. A program that does not exist and one that is not for this device read the same."""
        unavailable = [{"id": each, "code": "not_offered", "message": _NOT_OFFERED} for each in self.unavailable]
        return (
            b'{"state":"%b","server_time":"%b","next_check_after":%d,"updates":[%b],"withdrawn":[%b],'
            b'"unavailable":%b%b,"switches":{}}'
        ) % (
            state.encode(),
            _iso(int(now)),
            after,
            b",".join(self.updates),
            b",".join(self.withdrawn),
            _encode(unavailable) if unavailable else b"[]",
            more,
        )


def context_of(said: CheckIn, token: DeviceToken, snapshot: HostAppSnapshot, address: str, now: float) -> Context:
    """The device as rules see it. What the device says of itself goes before attributes of the same name."""
    device, app = said.device, snapshot.app
    return Context(
        now=now,
        device_id=device.id,
        user_id=token.user or said.user or "",
        verified_device=token is not _NO_TOKEN,
        verified_user=token.user is not None,
        remote_address=address,
        invitations=shown(said.trials) if said.trials and token is not _NO_TOKEN else _NONE,
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


def state_of(
    snapshot: HostAppSnapshot,
    said: CheckIn,
    token: DeviceToken,
    address: str,
    installed: dict[str, int],
    now: float,
    serials: dict[str, int],
) -> str:
    """Names the answer: the same state means the same answer (random stickiness apart)."""
    asked = (installed, said.want, serials, said.trials)
    context = _canonical((said.device, said.user, token.device_id, token.user, address, said.attributes, asked))
    return "s." + snapshot.state(context, now)


class Directory:
    """GET /v1/miniapps: what this device may see, in order. The device describes itself in the query."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_get(self, req: Request, resp: Response) -> None:
        """With If-None-Match of an earlier answer: 304 while nothing that it depends on has changed."""
        edge = self._edge
        snapshot = edge.host_app(req)
        edge.pass_limit(req)
        token = edge.device(req, snapshot) or _NO_TOKEN
        said = _described(req.query_string, token)
        now, address = edge.clock(), edge.address(req)
        state = state_of(snapshot, said, token, address, {}, now, {})
        etag = f'"{state}"'
        resp.set_header("etag", etag)
        resp.set_header("cache-control", "private, no-cache")
        resp.set_header("vary", "X-App-Key, Authorization")
        if ranges.known((req.get_header("if-none-match") or "").encode(), etag.encode()):
            resp.status = 304
            return
        resp.content_type = "application/json"
        context = context_of(said, token, snapshot, address, now)
        shelves = snapshot.part("categories").get("")
        visible = b",".join(self._visible(snapshot, context))
        more = b',"categories":%b' % shelves.entries if shelves is not None else b""
        resp.data = b'{"state":"%b","miniapps":[%b]%b}' % (state.encode(), visible, more)

    def _visible(self, snapshot: HostAppSnapshot, context: Context) -> list[bytes]:
        programs: list[Program] = sorted(snapshot.part("program").values(), key=lambda program: program.order)
        return [
            program.listing
            for program in programs
            if program.withdrawn is None and decide(program.steps, context) is not None
        ]

    on_head = on_get


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
    edge.add_hot("/v1/checkin", CheckInRoute(edge), limit=MAX_CHECKIN_BYTES)
    edge.add_route("/v1/miniapps", Directory(edge))


@lru_cache(maxsize=4)
def _iso(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
