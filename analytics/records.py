"""The record kinds that analytics loads, as the edge writes them; the edge's routes encode these same types.

Pure: no Django. Every text is bounded, so that nothing longer than its column reaches the database. `at` is the
edge's receive time in milliseconds since the epoch, `seq` a counter of the edge process; (at, seq) orders the records
of a device.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=64)]
MessageId = Annotated[str, Meta(min_length=1, max_length=100)]
HostAppId = Annotated[str, Meta(pattern=r"^[0-9a-z]{26}$")]
User = Annotated[str, Meta(max_length=200)]
Short = Annotated[str, Meta(max_length=64)]
Model = Annotated[str, Meta(max_length=120)]
Milliseconds = Annotated[int, Meta(gt=0, lt=4_102_444_800_000)]  # before the year 2100
Sequence = Annotated[int, Meta(ge=0, lt=1 << 62)]
Code = Annotated[int, Meta(ge=0, lt=1 << 31)]
Scalar = str | int | float | bool | None

MAX_INSTALLED = 1_000
MAX_ATTRIBUTES_BYTES = 32_768


class _Stamped(Struct, kw_only=True):
    host_app: HostAppId
    device: Id
    at: Milliseconds
    seq: Sequence

    @property
    def position(self) -> tuple[int, int]:
        return self.at, self.seq

    @property
    def day(self) -> date:
        return day_of(self.at)


class DeviceRecord(_Stamped, kw_only=True):
    """A device registered, or reported itself anew."""

    message_id: MessageId
    platform: Short = ""
    os: Short = ""
    model: Model = ""
    host_version: Short = ""
    network: Short = ""
    locale: Short = ""
    user: User = ""  # claimed
    consent: dict[str, Any] | None = None  # {analytics, marketing, profiling, policy_version, at}


class ConsentRecord(_Stamped, kw_only=True):
    """A device whose token proves it said with its events what its user has agreed to now.

    It needs no message id: saying the same again changes nothing.
    """

    consent: dict[str, Any]


class BindRecord(_Stamped, kw_only=True):
    """A verified user was bound to the device ("bind"), or taken off it ("unbind")."""

    message_id: MessageId
    user: User = ""
    by: Short = ""  # "user_token" | "server"


class CheckinRecord(_Stamped, kw_only=True):
    """An answered check-in: what the device said, and which release arms it was shown."""

    user: User = ""
    verified_user: bool = False
    platform: Short = ""
    os: Short = ""
    model: Model = ""
    host_version: Short = ""
    network: Short = ""
    locale: Short = ""
    attributes: dict[Annotated[str, Meta(max_length=64)], Scalar] = {}
    installed: Annotated[list[tuple[Id, Code]], Meta(max_length=MAX_INSTALLED)] = []
    arms: Annotated[list[tuple[Id, Annotated[str, Meta(max_length=64)], Code]], Meta(max_length=MAX_INSTALLED)] = []
    partial: bool = False  # by a host that asks for one program at a time: of the others it says nothing


class _Label(Struct):
    host_app: HostAppId
    at: Milliseconds


AnyRecord = DeviceRecord | ConsentRecord | BindRecord | CheckinRecord

KINDS = ("device", "consent", "bind", "unbind", "checkin")
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    "device": msgspec.json.Decoder(DeviceRecord),
    "consent": msgspec.json.Decoder(ConsentRecord),
    "bind": msgspec.json.Decoder(BindRecord),
    "unbind": msgspec.json.Decoder(BindRecord),
    "checkin": msgspec.json.Decoder(CheckinRecord),
}
_label = msgspec.json.Decoder(_Label)


def decode(kind: str, payload: bytes) -> Any:
    """The record of this kind. Raises msgspec.DecodeError, which names the field.

    A NUL is refused with the rest: PostgreSQL stores none, and no honest device sends one.
    """
    if b"\\u0000" in payload:
        raise msgspec.ValidationError("a text holds a NUL character")
    record = _decoders[kind].decode(payload)
    if isinstance(record, CheckinRecord) and len(msgspec.json.encode(record.attributes)) > MAX_ATTRIBUTES_BYTES:
        raise msgspec.ValidationError("the attributes are longer than 32 KiB")
    return record


def label(payload: bytes) -> tuple[str, date] | None:
    """Host app and received day of a record of any of these kinds; None when it does not say."""
    try:
        found = _label.decode(payload)
    except msgspec.DecodeError:
        return None
    return found.host_app, day_of(found.at)


def day_of(milliseconds: int) -> date:
    """The UTC day of an edge receive time."""
    return moment(milliseconds).date()


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
