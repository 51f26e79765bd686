"""From a request's body to journal rows: every event is judged by itself, and one that is wrong spoils no other. Pure.

The ordinary batch is decoded in one go; only when a field somewhere is wrong is it read again event by event, so that
the wrong one can be named. Figures: bench/ingest.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from msgspec import Raw

from analytics.consent import Consent
from analytics.events import scan, wire
from analytics.events.clocks import all_milliseconds
from analytics.events.judging import Judge, Refused, Sender, text_of
from analytics.events.plain import plain_groups
from analytics.events.reasons import MESSAGES, Reason
from analytics.events.records import Group, Refusal, Row, grouped
from analytics.events.wire import MAX_EVENT_BYTES, MAX_EVENTS, Event, RawBatch, Single

_NOT_PLAIN: tuple[type[Exception], ...] = (Refused, OverflowError, *wire.UNREADABLE)
KEPT_OF_REFUSED = 4_096  # characters of a refused event that the quarantine shows


@dataclass(frozen=True, slots=True)
class Rejected:
    """One event that is not stored, for the answer."""

    index: int
    message_id: str
    reason: Reason
    detail: str = ""

    def body(self) -> dict[str, object]:
        message = MESSAGES[self.reason]
        return {
            "index": self.index,
            "message_id": self.message_id,
            "code": str(self.reason),
            "message": f"{message}: {self.detail}" if self.detail else message,
        }


@dataclass(slots=True)
class Intake:
    """What becomes of a request."""

    groups: list[Group] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    unread: int = 0  # events past MAX_EVENTS
    consent: Consent | None = None  # the last one that came along
    _raw: dict[int, str] = field(default_factory=dict)

    @property
    def stored(self) -> int:
        """How many events."""
        return sum(len(group.event) for group in self.groups)

    def refusals(self) -> list[Refusal]:
        """What the journal keeps of refused events: their beginning; without consent, their number alone."""
        silent = sum(each.reason is Reason.NO_CONSENT for each in self.rejected)
        kept = [
            Refusal(str(each.reason), payload=self._raw.get(each.index, ""))
            for each in self.rejected
            if each.reason is not Reason.NO_CONSENT
        ]
        if silent:
            kept.append(Refusal(str(Reason.NO_CONSENT), n=silent))
        if self.unread:
            kept.append(Refusal(str(Reason.TOO_MANY), n=self.unread))
        return kept


def write_key(body: bytes) -> str:
    """The key that a body of either form brings along. Raises wire.UNREADABLE."""
    try:
        return wire.key.decode(body).write_key or ""
    except msgspec.ValidationError:
        raise
    except wire.UNREADABLE:
        return wire.name.decode(scan.members(body).get(b"writeKey", b"null")) or ""


def take_batch(body: bytes, sender: Sender) -> Intake:
    """Judge /v1/batch. Raises wire.UNREADABLE when the whole cannot be read."""
    try:
        if b"\\" in body and b"\\u0000" in body:  # the first question is fifty times as quick
            raise msgspec.ValidationError
        plain = _plain(body, sender)
        if plain is not None:
            return plain
        whole = wire.batch.decode(body)
        if len(whole.batch) > MAX_EVENTS:
            raise msgspec.ValidationError
    except wire.UNREADABLE:
        return _one_by_one(body, sender)
    intake, rows = Intake(), []
    judge = Judge(sender, body, whole.sent_at, whole.context)
    for index, event in enumerate(whole.batch):
        try:
            rows.append(judge.row(event, index))
        except Refused as refused:
            intake.rejected.append(Rejected(index, text_of(event.message_id), refused.reason, refused.detail))
    if intake.rejected:
        _keep(intake, wire.raw_batch.decode(body).batch)
    intake.groups = grouped(rows)
    intake.consent = judge.consent
    return intake


def _plain(body: bytes, sender: Sender) -> Intake | None:
    """All at once where every event is an ordinary one; None where they have to be judged one by one."""
    try:
        whole = wire.plain.decode(body)
        if len(whole.batch) > MAX_EVENTS:
            return None
        judge = Judge(sender, body, None, whole.context)
        (sent,) = all_milliseconds([whole.sent_at])
        groups = plain_groups(whole.batch, judge.place, received=sender.received, sent=sent, device=sender.device_id)
    except _NOT_PLAIN:
        return None
    return None if groups is None else Intake(groups, consent=judge.consent)


def take_single(body: bytes, kind: str, sender: Sender) -> Intake:
    """Judge /v1/track and its like."""
    intake = Intake()
    judge = Judge(sender, body, None, None)
    rows: list[Row] = []
    _take(intake, rows, judge, Raw(body), 0, wire.single, kind)
    _keep(intake, [Raw(body)])
    intake.groups = grouped(rows)
    intake.consent = judge.consent
    return intake


def _one_by_one(body: bytes, sender: Sender) -> Intake:
    """Whatever of the batch can be read. What is wrong with its head is wrong with the events that rest on it."""
    whole = _parts_of(body)
    intake = Intake(unread=max(0, len(whole.batch) - MAX_EVENTS))
    sent_at, wrong_time = _part(wire.time, whole.sent_at, "sentAt")
    context, wrong_context = _part(wire.context, whole.context, "context")
    judge = Judge(sender, body, sent_at, context, wrong_time=wrong_time, wrong_context=wrong_context)
    raws = whole.batch[:MAX_EVENTS]
    rows: list[Row] = []
    for index, raw in enumerate(raws):
        _take(intake, rows, judge, raw, index, wire.event)
    _keep(intake, raws)
    intake.groups = grouped(rows)
    intake.consent = judge.consent
    return intake


T = TypeVar("T")


def _parts_of(body: bytes) -> RawBatch:
    """Raises wire.UNREADABLE when it is no object, has no array of events, or ends too early."""
    try:
        return wire.raw_batch.decode(body)
    except msgspec.ValidationError:
        raise
    except wire.UNREADABLE:
        found = scan.members(body)
        events = [Raw(event) for event in scan.elements(found.get(b"batch", b""))]
        return RawBatch(events, Raw(found.get(b"sentAt", b"")), Raw(found.get(b"context", b"")))


def _part(decoder: msgspec.json.Decoder[T | None], raw: Raw, name: str) -> tuple[T | None, str]:
    """A part of a batch's head, or what is wrong with it."""
    try:
        return (decoder.decode(raw) if len(raw) else None), ""
    except wire.UNREADABLE as wrong:
        return None, f"the batch's {name}: {wrong}"[:200]


def _take(
    intake: Intake,
    rows: list[Row],
    judge: Judge,
    raw: Raw,
    index: int,
    decoder: msgspec.json.Decoder[Event] | msgspec.json.Decoder[Single],
    kind: str = "",
) -> None:
    message_id = ""
    try:
        if len(raw) > MAX_EVENT_BYTES:
            raise Refused(Reason.TOO_LARGE)
        if b"\\u0000" in bytes(raw):
            raise Refused(Reason.NUL)
        try:
            event: Event = decoder.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as wrong:
            raise Refused(Reason.WRONG_TYPE, str(wrong)[:200]) from None
        except msgspec.DecodeError as wrong:
            raise Refused(Reason.NOT_JSON, str(wrong)[:200]) from None
        except RecursionError:
            raise Refused(Reason.TOO_DEEP) from None
        if kind:
            event.type = kind
        message_id = text_of(event.message_id)
        rows.append(judge.row(event, index))
    except Refused as refused:
        intake.rejected.append(Rejected(index, message_id, refused.reason, refused.detail))


def _keep(intake: Intake, raws: list[Raw]) -> None:
    for each in intake.rejected:
        if each.reason is not Reason.NO_CONSENT:
            text = bytes(memoryview(raws[each.index])[: 4 * KEPT_OF_REFUSED]).decode("utf-8", "replace")
            intake._raw[each.index] = text[:KEPT_OF_REFUSED].replace("\0", "")
