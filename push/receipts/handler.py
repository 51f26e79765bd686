"""The loader's handler for receipts and vendors' tokens.

`load` judges; what it returns writes, inside the loader's one transaction. A receipt counts for the message of its own
host app and for a copy that was really given to a channel: a device that is held out, and says otherwise, would spoil
the measured effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from ferry.journal.keys import Message
from ferry.journal.reading import Read, measured, read, workspaces
from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from push.receipts.addresses import Tokens
from push.receipts.ledger import Changes
from push.receipts.records import KINDS, AddressRecord, AnyRecord, ReceiptRecord

NAMESPACE = "push"  # message ids of these records are apart from those of others


class PushHandler:
    """Kinds receipt and address."""

    def measure(self, kind: str, payload: bytes) -> Measure:
        return measured(payload)

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        fresh = _once(read(KINDS, records, work), work)
        fresh.sort(key=lambda item: item.record.position)
        changes = Changes([item.record for item in fresh if isinstance(item.record, ReceiptRecord)])
        brought = Tokens()
        for item in fresh:
            record = item.record
            if isinstance(record, AddressRecord):
                brought.add(record)
            elif not changes.add(record):
                work.rejected(item.kind, record.host_app, record.day, "no_such_delivery", item.payload)
                continue
            work.stored(item.kind, record.host_app, record.day)
        homes = workspaces(item.record.host_app for item in fresh)

        def apply() -> None:
            changes.save()
            brought.save(homes)

        return apply


def _once(found: Sequence[Read[AnyRecord]], work: Work) -> list[Read[AnyRecord]]:
    """A device chooses the ids of its own messages, so they count once for each device."""
    kept = []
    for item, first in zip(found, work.fresh([_message(item) for item in found]), strict=True):
        if first:
            kept.append(item)
        else:
            work.duplicate(item.kind, item.record.host_app, item.record.day)
    return kept


def _message(item: Read[AnyRecord]) -> Message:
    record = item.record
    day: date = record.day
    return Message(record.host_app, day, f"{NAMESPACE}.{item.kind}", f"{record.device}\0{record.message_id}")
