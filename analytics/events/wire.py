"""The Segment wire: what a batch looks like, as far as Ferry reads it. Pure.

Decoding is the bounds check: msgspec refuses wrong types and over-long texts while it reads, and skips what is not
named here. `properties` and `traits` stay the bytes that they are; they are only known to be JSON.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct, field

from analytics.consent import Consent

MAX_BODY_BYTES = 512_000  # after inflating; Segment's own limit is 500 KB
MAX_EVENT_BYTES = 32_768
MAX_EVENTS = 2_500

Id = Annotated[str, Meta(max_length=200)] | int | float | None  # SDKs send numbers too
Short = Annotated[str, Meta(max_length=64)]
Name = Annotated[str, Meta(max_length=200)]
Given = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
Time = Annotated[str, Meta(max_length=64)]
Code = Annotated[int, Meta(ge=0, lt=1 << 31)] | Annotated[str, Meta(max_length=10, pattern="^[0-9]+$")] | None

NOTHING = Raw(b"")


class App(Struct):
    """The host app."""

    version: Short | None = None


class Os(Struct):
    """The operating system."""

    name: Short | None = None
    version: Short | None = None


class DeviceInfo(Struct):
    """The phone."""

    id: Id = None
    type: Short | None = None


class MiniProgram(Struct):
    """The mini-program in which the event happened."""

    id: Short | None = None
    version: Code = None


class Context(Struct):
    """Where an event happened. In a batch's own `context` it holds for all events that do not say otherwise."""

    app: App | None = None
    os: Os | None = None
    device: DeviceInfo | None = None
    platform: Short | None = None
    mini_program: MiniProgram | None = None
    session_id: Short | int | None = None
    consent: Consent | None = None


class Event(Struct, gc=False):
    """One call of an SDK."""

    type: Short = ""
    message_id: Id = field(default=None, name="messageId")
    user_id: Id = field(default=None, name="userId")
    anonymous_id: Id = field(default=None, name="anonymousId")
    previous_id: Id = field(default=None, name="previousId")
    group_id: Id = field(default=None, name="groupId")
    event: Name | None = None
    name: Name | None = None
    timestamp: Time | None = None
    original_timestamp: Time | None = field(default=None, name="originalTimestamp")
    sent_at: Time | None = field(default=None, name="sentAt")
    context: Raw = NOTHING  # an SDK says the same in every event, so it is decoded once for the same bytes
    properties: Raw = NOTHING
    traits: Raw = NOTHING


class Single(Event, gc=False):
    """The body of /v1/track and its like: one event that may bring its write key."""

    write_key: Name | None = field(default=None, name="writeKey")


class _Key(Struct):
    write_key: Name | None = field(default=None, name="writeKey")


class Batch(Struct):
    """The body of /v1/batch when every event in it is well formed."""

    batch: list[Event]
    sent_at: Time | None = field(default=None, name="sentAt")
    context: Context | None = None


class PlainEvent(Struct, gc=False):
    """A track call that says all that is needed, and nothing that asks for a second look: analytics.events.plain."""

    type: Literal["track"]
    event: Given
    message_id: Given = field(name="messageId")
    user_id: Given = field(name="userId")
    timestamp: Moment
    properties: Raw
    context: Raw
    # What other calls say: where one of these is there, the careful way looks at it.
    name: None = None
    traits: None = None
    previous_id: None = field(default=None, name="previousId")
    group_id: None = field(default=None, name="groupId")
    anonymous_id: None = field(default=None, name="anonymousId")
    original_timestamp: None = field(default=None, name="originalTimestamp")
    sent_at: None = field(default=None, name="sentAt")


class PlainBatch(Struct):
    """A batch of nothing else."""

    batch: list[PlainEvent]
    sent_at: Moment = field(name="sentAt")
    context: Context | None = None


class RawBatch(Struct):
    """The same with every part by itself: where one is wrong, the others are read."""

    batch: list[Raw]
    sent_at: Raw = field(default=NOTHING, name="sentAt")
    context: Raw = NOTHING


class _Hints(Struct):
    """What `properties` may say where an SDK gives no hand on the context."""

    mini_program: Short | None = field(default=None, name="$mini_program")
    version_code: Code = field(default=None, name="$version_code")
    session_id: Short | int | None = field(default=None, name="$session_id")


key = msgspec.json.Decoder(_Key)
plain = msgspec.json.Decoder(PlainBatch)
batch = msgspec.json.Decoder(Batch)
raw_batch = msgspec.json.Decoder(RawBatch)
event = msgspec.json.Decoder(Event)
single = msgspec.json.Decoder(Single)
name = msgspec.json.Decoder(Name | None)
time = msgspec.json.Decoder(Time | None)
context = msgspec.json.Decoder(Context | None)
_hints = msgspec.json.Decoder(_Hints)


def code(value: str | int | None) -> int | None:
    """A version code as a number; None when there is none or it is too large to be one."""
    number = None if value is None else int(value)
    return number if number is not None and number < 1 << 31 else None


def hints(properties: str) -> _Hints | None:
    """What the properties say of the place, if they say it in the right form."""
    try:
        return _hints.decode(properties)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


UNREADABLE: tuple[type[Exception], ...] = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
