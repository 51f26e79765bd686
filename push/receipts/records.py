"""The record kinds that push loads, as the edge writes them. Pure: no Django."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ferry.journal.records import Kinds, MessageId, OfDevice

RECEIPT = "receipt"
ADDRESS = "address"

Happened = Literal["arrived", "opened", "dismissed"]


class ReceiptRecord(OfDevice, kw_only=True):
    """What became of a message on a device."""

    message_id: MessageId
    message: Annotated[str, Meta(min_length=1, max_length=26)]
    event: Happened


class AddressRecord(OfDevice, kw_only=True):
    """A device's token with a vendor; an empty one takes the last one back."""

    message_id: MessageId
    channel: Annotated[str, Meta(min_length=1, max_length=8)]
    token: Annotated[str, Meta(max_length=500)] = ""


AnyRecord = ReceiptRecord | AddressRecord
KINDS: Kinds[AnyRecord] = Kinds({RECEIPT: ReceiptRecord, ADDRESS: AddressRecord})
