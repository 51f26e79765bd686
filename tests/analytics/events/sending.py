"""Events as SDKs send them, judged as the edge judges them, written as the edge writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from analytics.events import intake, records
from analytics.events.intake import Intake
from analytics.events.judging import Sender
from analytics.events.records import EventsRecord, Row
from ferry.kernel import ids
from tests.journal.world import NOON, Edge, World


def iso(at: int) -> str:
    """Milliseconds as SDKs write them."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()


def track(event: str = "Tapped", *, user: str = "ann", at: int = NOON, **more: Any) -> dict[str, Any]:
    """One event as Segment's Python client sends it."""
    return {
        "type": "track",
        "messageId": ids.new(),
        "userId": user,
        "anonymousId": None,
        "event": event,
        "timestamp": iso(at),
        "context": {},
        "integrations": {},
        "properties": {},
    } | more


def batch(*events: Any, sent: int | None = None, **head: Any) -> bytes:
    """The body of POST /v1/batch."""
    sent_at = {} if sent is None else {"sentAt": iso(sent)}
    return json.dumps({"batch": list(events), **sent_at, **head}).encode()


def judged(*events: Any, received: int = NOON, sent: int | None = None, **sender: Any) -> Intake:
    return intake.take_batch(batch(*events, sent=sent), Sender(received, **sender))


def rows(taken: Intake) -> list[Row]:
    """What is stored, event by event."""
    return records.rows(taken.groups)


def kept(record: dict[str, Any]) -> list[Row]:
    """The events of a journal record."""
    return records.rows(msgspec.convert(record, EventsRecord).groups)


def send(world: World, *events: Any, edge: Edge | None = None, received: int = NOON, **sender: Any) -> Intake:
    """The events are in the journal, as after a 200."""
    taken = judged(*events, received=received, **sender)
    lines = records.pack(world.app.id, at=received, seq=1, groups=taken.groups, refused=taken.refusals())
    for line in lines:
        (edge or world.edge()).write(records.KIND, line)
    return taken
