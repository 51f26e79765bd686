"""The record kinds that push loads, as the edge writes them. Pure: no Django.

`at` is the edge's receive time in milliseconds since the epoch, `seq` a counter of the edge process.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

RECEIPT = "receipt"
ADDRESS = "address"

Id = Annotated[str, Meta(min_length=1, max_length=64)]
MessageId = Annotated[str, Meta(min_length=1, max_length=100)]
HostAppId = Annotated[str, Meta(pattern=r"^[0-9a-z]{26}$")]
Milliseconds = Annotated[int, Meta(gt=0, lt=4_102_444_800_000)]  # before the year 2100
Sequence = Annotated[int, Meta(ge=0, lt=1 << 62)]
Happened = Literal["arrived", "opened", "dismissed"]


class _Stamped(Struct, kw_only=True):
    message_id: MessageId
    host_app: HostAppId
    device: Id
    at: Milliseconds
    seq: Sequence

    @property
    def position(self) -> tuple[int, int]:
        return self.at, self.seq

    @property
    def day(self) -> date:
        return moment(self.at).date()


class ReceiptRecord(_Stamped, kw_only=True):
    """What became of a message on a device."""

    message: Annotated[str, Meta(min_length=1, max_length=26)]
    event: Happened


class AddressRecord(_Stamped, kw_only=True):
    """A device's token with a vendor; an empty one takes the last one back."""

    channel: Annotated[str, Meta(min_length=1, max_length=8)]
    token: Annotated[str, Meta(max_length=500)] = ""


class _Label(Struct):
    host_app: HostAppId
    at: Milliseconds


_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    RECEIPT: msgspec.json.Decoder(ReceiptRecord),
    ADDRESS: msgspec.json.Decoder(AddressRecord),
}
_label = msgspec.json.Decoder(_Label)


def decode(kind: str, payload: bytes) -> Any:
    """The record of this kind. Raises msgspec.DecodeError, which names the field."""
    if b"\\u0000" in payload:
        raise msgspec.ValidationError("a text holds a NUL character")
    return _decoders[kind].decode(payload)


def label(payload: bytes) -> tuple[str, date] | None:
    """Host app and received day of a record of any of these kinds; None when it does not say."""
    try:
        found = _label.decode(payload)
    except msgspec.DecodeError:
        return None
    return found.host_app, moment(found.at).date()


def moment(milliseconds: int) -> datetime:
    """An edge receive time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
