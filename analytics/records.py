"""The record kinds that analytics loads, as the edge writes them. Pure: no Django."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ferry.journal.records import Id, Kinds, MessageId, OfDevice, User

Short = Annotated[str, Meta(max_length=64)]
Model = Annotated[str, Meta(max_length=120)]
Code = Annotated[int, Meta(ge=0, lt=1 << 31)]
Scalar = str | int | float | bool | None

MAX_INSTALLED = 1_000
MAX_ATTRIBUTES_BYTES = 32_768
_encode = msgspec.json.Encoder().encode


class DeviceRecord(OfDevice, kw_only=True):
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


class ConsentRecord(OfDevice, kw_only=True):
    """A device whose token proves it said with its events what its user has agreed to now.

    It needs no message id: saying the same again changes nothing.
    """

    consent: dict[str, Any]


class BindRecord(OfDevice, kw_only=True):
    """A verified user was bound to the device ("bind"), or taken off it ("unbind")."""

    message_id: MessageId
    user: User = ""
    by: Short = ""  # "user_token" | "server"


class CheckinRecord(OfDevice, kw_only=True):
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
    installed: Annotated[dict[Id, Code], Meta(max_length=MAX_INSTALLED)] = {}
    arms: Annotated[list[tuple[Id, Annotated[str, Meta(max_length=64)], Code]], Meta(max_length=MAX_INSTALLED)] = []
    partial: bool = False  # by a host that asks for one program at a time: of the others it says nothing

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec makes its own."""
        if len(_encode(self.attributes)) > MAX_ATTRIBUTES_BYTES:
            raise ValueError("the attributes are longer than 32 KiB")


AnyRecord = DeviceRecord | ConsentRecord | BindRecord | CheckinRecord
KINDS: Kinds[AnyRecord] = Kinds(
    {
        "device": DeviceRecord,
        "consent": ConsentRecord,
        "bind": BindRecord,
        "unbind": BindRecord,
        "checkin": CheckinRecord,
    }
)
