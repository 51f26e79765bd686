"""What a Segment SDK calls: POST /v1/batch, and /v1/track, identify, page, screen, group, alias for one event.

The answers follow what SDKs do with them (docs/events.md): 200 once the journal holds the batch, with the events that
were refused listed in the body; 429 and 503 with Retry-After when the same should come again; 4xx only for what can
never be read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from functools import partial
from typing import TYPE_CHECKING

from msgspec import to_builtins

from analytics.events import intake, records, wire
from analytics.events.intake import Intake
from analytics.events.judging import Sender
from ferry.edge import answers, auth
from ferry.edge.errors import RequestRefused
from ferry.edge.hot import Head
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

CALLS = ("track", "identify", "page", "screen", "group", "alias")
LISTED = 100  # refused events that an answer names; it counts all of them
MAX_SINGLE_BYTES = 2 * wire.MAX_EVENT_BYTES  # so that one event which is too large is named, not cut off
_STORED = answers.encode({"success": True})


class Events:
    """One of the addresses."""

    def __init__(self, edge: EdgeApp, call: str = "") -> None:
        self._edge = edge
        self._judge = partial(intake.take_single, kind=call) if call else intake.take_batch

    async def take(self, head: Head, body: bytes, now: float) -> bytes:
        """200 means durable, for every event that the answer does not list."""
        snapshots = self._edge.snapshots
        key = head.app_key or _basic(head.authorization)
        try:
            if not key:
                key = intake.write_key(body).encode()
            snapshot = head.snapshot = auth.host_app(snapshots, key)
            token = auth.device(snapshot, head.authorization) if _is_device(head.authorization) else None
            sender = _sender(snapshot, token, int(now * 1000))
            taken = self._judge(body, sender=sender)
        except wire.UNREADABLE as wrong:
            raise RequestRefused(reason=f"the body is no batch of events ({str(wrong)[:100]})") from None
        await self._store(snapshot, sender, taken)
        return _answer(taken)

    async def _store(self, snapshot: HostAppSnapshot, sender: Sender, taken: Intake) -> None:
        edge, app = self._edge, snapshot.app
        lines = [
            (records.KIND, line)
            for line in records.pack(
                app.id, at=sender.received, seq=edge.next_seq(), groups=taken.groups, refused=taken.refusals()
            )
        ]
        if sender.device_id and taken.consent is not None:
            said = {
                "host_app": app.id,
                "device": sender.device_id,
                "at": sender.received,
                "seq": edge.next_seq(),
                "consent": to_builtins(taken.consent),
            }
            lines.insert(0, ("consent", answers.encode(said)))
        if len(lines) == 1:
            await edge.journal.append(*lines[0])
        else:
            await asyncio.gather(*(edge.journal.append(*line) for line in lines))


def add_routes(edge: EdgeApp) -> None:
    """Registered in analytics.apps."""
    edge.add_intake("/v1/batch", Events(edge).take, limit=wire.MAX_BODY_BYTES)
    for call in CALLS:
        edge.add_intake(f"/v1/{call}", Events(edge, call).take, limit=MAX_SINGLE_BYTES)


def _sender(snapshot: HostAppSnapshot, token: DeviceToken | None, received: int) -> Sender:
    required = snapshot.app.consent == "required"
    if token is None:
        return Sender(received, required)
    return Sender(received, required, token.device_id, token.user or "", token.consented)


def _answer(taken: Intake) -> bytes:
    if not taken.rejected and not taken.unread:
        return _STORED
    return answers.encode(
        {
            "success": True,
            "stored": taken.stored,
            "rejected_count": len(taken.rejected) + taken.unread,
            "rejected": [each.body() for each in taken.rejected[:LISTED]],
        }
    )


def _basic(authorization: bytes) -> bytes:
    """The write key in `Authorization: Basic base64(key:)`; empty when there is none."""
    if authorization[:6].lower() != b"basic ":
        return b""
    try:
        return base64.b64decode(authorization[6:].strip(), validate=True).partition(b":")[0]
    except (binascii.Error, ValueError):
        return b""


def _is_device(authorization: bytes) -> bool:
    return authorization[:7].lower() == b"device "
