"""From a request's body to journal rows: every event is judged by itself, and one that is wrong spoils no other. Pure.

The ordinary batch is decoded in one go; only when a field somewhere is wrong is it read again event by event, so that
the wrong one can be named. Figures: bench/ingest.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
from msgspec import Raw

from analytics.consent import Consent
from analytics.events import wire
from analytics.events.clocks import happened, milliseconds
from analytics.events.places import Place, merged, place_of
from analytics.events.plain import plain_rows
from analytics.events.reasons import MESSAGES, Reason
from analytics.events.records import Refusal, Row
from analytics.events.wire import MAX_EVENT_BYTES, MAX_EVENTS, Context, Event, Single

KEPT_OF_REFUSED = 4_096  # characters of a refused event that the quarantine shows
NAMES = {"page": "$page", "screen": "$screen", "identify": "$identify", "group": "$group", "alias": "$alias"}
_NO_CONTEXT = Context()
_NO_PROPERTIES = frozenset((b"", b"null", b"{}"))
_BRACE = ord("{")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of whoever sends, apart from what the body says."""

    received: int  # ms
    consent_required: bool = False
    device_id: str = ""  # proved by a device token
    user: str = ""  # verified, bound to that device
    device_consents: bool = False  # the device's token says that its user agreed to analytics


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

    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    unread: int = 0  # events past MAX_EVENTS
    consent: Consent | None = None  # the last one that came along
    _raw: dict[int, str] = field(default_factory=dict)

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


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def write_key(body: bytes) -> str:
    """The key that a body of either form brings along. Raises wire.UNREADABLE."""
    return wire.key.decode(body).write_key or ""


def take_batch(body: bytes, sender: Sender) -> Intake:
    """Judge /v1/batch. Raises wire.UNREADABLE when the whole cannot be read."""
    try:
        if b"\\" in body and b"\\u0000" in body:  # the first question is fifty times as quick
            raise msgspec.ValidationError
        whole = wire.batch.decode(body)
        if len(whole.batch) > MAX_EVENTS:
            raise msgspec.ValidationError
    except msgspec.ValidationError:
        return _one_by_one(body, sender)
    intake = Intake()
    judge = _Judge(sender, body, whole.sent_at, whole.context)
    rows = judge.plain(whole.batch)
    if rows is not None:
        return Intake(rows, consent=judge.consent)
    for index, event in enumerate(whole.batch):
        try:
            intake.rows.append(judge.row(event, index))
        except _Refused as refused:
            intake.rejected.append(Rejected(index, _id(event.message_id), refused.reason, refused.detail))
    if intake.rejected:
        _keep(intake, wire.raw_batch.decode(body).batch)
    intake.consent = judge.consent
    return intake


def take_single(body: bytes, kind: str, sender: Sender) -> Intake:
    """Judge /v1/track and its like."""
    intake = Intake()
    judge = _Judge(sender, body, None, None)
    _take(intake, judge, Raw(body), 0, wire.single, kind)
    _keep(intake, [Raw(body)])
    intake.consent = judge.consent
    return intake


def _one_by_one(body: bytes, sender: Sender) -> Intake:
    whole = wire.raw_batch.decode(body)
    intake = Intake(unread=max(0, len(whole.batch) - MAX_EVENTS))
    judge = _Judge(sender, body, whole.sent_at, whole.context)
    raws = whole.batch[:MAX_EVENTS]
    for index, raw in enumerate(raws):
        _take(intake, judge, raw, index, wire.event)
    _keep(intake, raws)
    intake.consent = judge.consent
    return intake


def _take(
    intake: Intake,
    judge: _Judge,
    raw: Raw,
    index: int,
    decoder: msgspec.json.Decoder[Event] | msgspec.json.Decoder[Single],
    kind: str = "",
) -> None:
    message_id = ""
    try:
        if len(raw) > MAX_EVENT_BYTES:
            raise _Refused(Reason.TOO_LARGE)
        if b"\\u0000" in bytes(raw):
            raise _Refused(Reason.NUL)
        try:
            event: Event = decoder.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as wrong:
            raise _Refused(Reason.WRONG_TYPE, str(wrong)[:200]) from None
        if kind:
            event.type = kind
        message_id = _id(event.message_id)
        intake.rows.append(judge.row(event, index))
    except _Refused as refused:
        intake.rejected.append(Rejected(index, message_id, refused.reason, refused.detail))


def _keep(intake: Intake, raws: list[Raw]) -> None:
    for each in intake.rejected:
        if each.reason is not Reason.NO_CONSENT:
            text = bytes(memoryview(raws[each.index])[: 4 * KEPT_OF_REFUSED]).decode("utf-8", "replace")
            intake._raw[each.index] = text[:KEPT_OF_REFUSED].replace("\0", "")


class _Judge:
    """Turns events of one request into rows."""

    def __init__(self, sender: Sender, body: bytes, sent_at: str | None, context: Context | None) -> None:
        self._sender = sender
        self._body = body
        self._times_sent: dict[str, int] = {}
        self._sent_at = sent_at
        self._shared = context
        self._places: dict[bytes, Place] = {}  # by the bytes of an event's context
        self._hash = ""
        self.consent: Consent | None = None if context is None else context.consent

    def plain(self, events: list[Event]) -> list[Row] | None:
        """All rows at once where every event is an ordinary one; None where they have to be judged one by one."""
        if not self._sent_at:
            return None
        sender = self._sender
        try:
            sent = milliseconds(self._sent_at)
            return plain_rows(events, self.place, received=sender.received, sent=sent, device=sender.device_id)
        except (_Refused, ValueError, OverflowError):
            return None

    def row(self, event: Event, index: int) -> Row:
        """The row of one event. Raises _Refused."""
        sender = self._sender
        place = self.place(event.context)
        if not place.stores:
            raise _Refused(Reason.NO_CONSENT)
        kind = event.type
        said = event.properties
        if kind == "track":
            name = event.event
        elif kind in NAMES:
            name = NAMES[kind]
            if kind == "page" or kind == "screen":
                name = event.name or name
            else:
                said = event.traits
        else:
            raise _Refused(Reason.UNKNOWN_TYPE)
        if not name or name.isspace():
            raise _Refused(Reason.NO_NAME)
        user = sender.user if event.user_id is None else str(event.user_id)
        device = sender.device_id or _id(event.anonymous_id) or place.device_id
        if not user and not device:
            raise _Refused(Reason.NO_IDENTITY)
        original, sent, ts = self._times(event)
        properties = _text(bytes(said))
        program, code, session = place.program, place.code, place.session
        if not program and '"$' in properties:
            program, code, session = _hinted(properties, session)
        if kind == "alias" and not properties:
            properties = _encode({"previousId": _id(event.previous_id)}).decode()
        message_id = event.message_id
        return Row(
            kind,
            name,
            str(message_id) if message_id is not None and message_id != "" else self._message_id(index),
            ts,
            original,
            sent,
            user,
            device,
            program,
            code,
            place.platform,
            place.os,
            place.host_version,
            session,
            properties,
            place.profiling,
        )

    def place(self, context: Raw) -> Place:
        """What the event's own context says, with the batch's behind it. Raises _Refused."""
        raw = bytes(context)
        found = self._places.get(raw) or self._place(raw)
        if found.consent is not None:
            self.consent = found.consent
        return found

    def _place(self, raw: bytes) -> Place:
        try:
            own = (wire.context.decode(raw) if raw else None) or _NO_CONTEXT
        except (msgspec.ValidationError, UnicodeDecodeError) as wrong:
            raise _Refused(Reason.WRONG_TYPE, f"context: {wrong}"[:200]) from None
        context = own if self._shared is None else merged(own, self._shared)
        sender = self._sender
        silence_stores = not sender.consent_required or sender.device_consents
        found = self._places[raw] = place_of(context, silence_stores=silence_stores)
        return found

    def _times(self, event: Event) -> tuple[int, int, int]:
        """Original, sent and corrected time in ms; 0 where the sender said nothing."""
        received = self._sender.received
        stamp = event.original_timestamp or event.timestamp
        said = event.sent_at or self._sent_at
        try:
            sent = None
            if said:
                sent = self._times_sent.get(said)
                if sent is None:
                    sent = self._times_sent[said] = milliseconds(said)
            if not stamp:
                return 0, sent or 0, received
            original = milliseconds(stamp)
        except (ValueError, OverflowError):
            raise _Refused(Reason.TIME_INVALID) from None
        found = happened(original, sent=sent, received=received)
        if isinstance(found, Reason):
            raise _Refused(found)
        return original, sent or 0, found

    def _message_id(self, index: int) -> str:
        """For an event without one, its place in this very body: the same bytes again are the same events."""
        if not self._hash:
            self._hash = blake2b(self._body, digest_size=16).hexdigest()
        return f"body-{self._hash}-{index}"


def _hinted(properties: str, session: str) -> tuple[str, int | None, str]:
    """Program, version and session from the properties, where the context names no program."""
    hint = wire.hints(properties)
    if hint is None:
        return "", None, session
    if not session and hint.session_id is not None:
        session = str(hint.session_id)
    return hint.mini_program or "", wire.code(hint.version_code), session


def _text(raw: bytes) -> str:
    """The properties as text. Raises _Refused when they are no object, too large or not UTF-8."""
    if raw in _NO_PROPERTIES:
        return ""
    if raw[0] != _BRACE:
        raise _Refused(Reason.WRONG_TYPE, "“properties” and “traits” are objects")
    if len(raw) > MAX_EVENT_BYTES:
        raise _Refused(Reason.TOO_LARGE)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _Refused(Reason.WRONG_TYPE, "the properties are not UTF-8") from None


def _id(value: str | int | float | None) -> str:
    return "" if value is None else str(value)
