"""One request's events, each made a journal row or refused with its reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import msgspec
from msgspec import Raw

from analytics.consent import Consent
from analytics.events import wire
from analytics.events.clocks import happened, milliseconds
from analytics.events.places import Place, merged, place_of
from analytics.events.reasons import Reason
from analytics.events.records import Row
from analytics.events.wire import MAX_EVENT_BYTES, Context, Event

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


class Refused(Exception):
    """An event that is not stored."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Judge:
    """Turns events of one request into rows."""

    def __init__(
        self,
        sender: Sender,
        body: bytes,
        sent_at: str | None,
        context: Context | None,
        *,
        wrong_time: str = "",
        wrong_context: str = "",
    ) -> None:
        """`wrong_…`: what is wrong with the batch's own sentAt and context, where they could not be read."""
        self._wrong_time, self._wrong_context = wrong_time, wrong_context
        self._sender = sender
        self._body = body
        self._times_sent: dict[str, int] = {}
        self._sent_at = sent_at
        self._shared = context
        self._places: dict[bytes, Place] = {}  # by the bytes of an event's context
        self._hash = ""
        self.consent: Consent | None = None if context is None else context.consent

    def row(self, event: Event, index: int) -> Row:
        """The row of one event. Raises Refused."""
        sender = self._sender
        place = self.place(event.context)
        if not place.stores:
            raise Refused(Reason.NO_CONSENT)
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
            raise Refused(Reason.UNKNOWN_TYPE)
        if not name or name.isspace():
            raise Refused(Reason.NO_NAME)
        user = sender.user if event.user_id is None else str(event.user_id)
        device = sender.device_id or text_of(event.anonymous_id) or place.device_id
        if not user and not device:
            raise Refused(Reason.NO_IDENTITY)
        original, sent, ts = self._times(event)
        properties = _text(bytes(said))
        program, code, session = place.program, place.code, place.session
        if not program and '"$' in properties:
            program, code, session = _hinted(properties, session)
        anonymous = ""
        if kind == "identify":
            anonymous = text_of(event.anonymous_id)
        elif kind == "alias":
            anonymous = text_of(event.previous_id)
            properties = properties or _encode({"previousId": anonymous}).decode()
        message_id = event.message_id
        return Row(
            kind,
            name,
            str(message_id) if message_id is not None and message_id != "" else self._messagetext_of(index),
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
            anonymous,
        )

    def place(self, context: Raw) -> Place:
        """What the event's own context says, with the batch's behind it. Raises Refused."""
        raw = bytes(context)
        found = self._places.get(raw) or self._place(raw)
        if found.consent is not None:
            self.consent = found.consent
        return found

    def _place(self, raw: bytes) -> Place:
        if self._wrong_context:  # it may say that nothing is to be stored
            raise Refused(Reason.WRONG_TYPE, self._wrong_context)
        try:
            own = (wire.context.decode(raw) if raw else None) or _NO_CONTEXT
        except wire.UNREADABLE as wrong:
            raise Refused(Reason.WRONG_TYPE, f"context: {wrong}"[:200]) from None
        context = own if self._shared is None else merged(own, self._shared)
        sender = self._sender
        silence_stores = not sender.consent_required or sender.device_consents
        found = self._places[raw] = place_of(context, silence_stores=silence_stores)
        return found

    def _times(self, event: Event) -> tuple[int, int, int]:
        """Original, sent and corrected time in ms; 0 where the sender said nothing."""
        received = self._sender.received
        stamp = event.original_timestamp or event.timestamp
        if self._wrong_time and not event.sent_at:
            raise Refused(Reason.WRONG_TYPE, self._wrong_time)
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
            raise Refused(Reason.TIME_INVALID) from None
        found = happened(original, sent=sent, received=received)
        if isinstance(found, Reason):
            raise Refused(found)
        return original, sent or 0, found

    def _messagetext_of(self, index: int) -> str:
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
    """The properties as text. Raises Refused when they are no object, too large or not UTF-8."""
    if raw in _NO_PROPERTIES:
        return ""
    if raw[0] != _BRACE:
        raise Refused(Reason.WRONG_TYPE, "“properties” and “traits” are objects")
    if len(raw) > MAX_EVENT_BYTES:
        raise Refused(Reason.TOO_LARGE)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refused(Reason.WRONG_TYPE, "the properties are not UTF-8") from None


def text_of(value: str | int | float | None) -> str:
    """An id as text: SDKs send numbers too."""
    return "" if value is None else str(value)
