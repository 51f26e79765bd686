"""The loader's handler for receipts and vendors' tokens.

`load` judges; what it returns writes, inside the loader's one transaction. A receipt counts for the message of its own
host app and for a copy that was really given to a channel: a device that is held out, and says otherwise, would spoil
the measured effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from ferry.journal.keys import Message
from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from ferry.kernel import clock
from ferry.kernel.identity.models import HostApp
from push.receipts.addresses import Tokens
from push.receipts.ledger import Changes
from push.receipts.records import ADDRESS, RECEIPT, AddressRecord, ReceiptRecord, decode, label

NAMESPACE = "push"  # message ids of these records are apart from those of others
KINDS = (RECEIPT, ADDRESS)


@dataclass(frozen=True, slots=True)
class _Read:
    kind: str
    record: ReceiptRecord | AddressRecord
    payload: bytes


class PushHandler:
    """Kinds receipt and address."""

    def measure(self, kind: str, payload: bytes) -> Measure:
        found = label(payload)
        return Measure("", clock.now().date()) if found is None else Measure(*found)

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        read = _once(_of_known_apps(_decoded(records, work), work), work)
        read.sort(key=lambda item: item.record.position)
        changes = Changes([item.record for item in read if isinstance(item.record, ReceiptRecord)])
        brought = Tokens()
        for item in read:
            record = item.record
            if isinstance(record, AddressRecord):
                brought.add(record)
            elif not changes.add(record):
                work.rejected(item.kind, record.host_app, record.day, "no_such_delivery", item.payload)
                continue
            work.stored(item.kind, record.host_app, record.day)
        workspaces = _workspaces({item.record.host_app for item in read})

        def apply() -> None:
            changes.save()
            brought.save(workspaces)

        return apply


def _decoded(records: Mapping[str, Sequence[bytes]], work: Work) -> list[_Read]:
    read = []
    for kind, payloads in records.items():
        for payload in payloads:
            try:
                read.append(_Read(kind, decode(kind, payload), payload))
            except (msgspec.DecodeError, UnicodeDecodeError):
                app, day = label(payload) or ("", clock.now().date())
                work.rejected(kind, app, day, "invalid", payload)
    return read


def _of_known_apps(read: Sequence[_Read], work: Work) -> list[_Read]:
    known = _workspaces({item.record.host_app for item in read})
    kept = []
    for item in read:
        if item.record.host_app in known:
            kept.append(item)
        else:
            work.rejected(item.kind, item.record.host_app, item.record.day, "unknown_app", item.payload)
    return kept


def _once(read: Sequence[_Read], work: Work) -> list[_Read]:
    """A device chooses the ids of its own messages, so they count once for each device."""
    kept = []
    for item, first in zip(read, work.fresh([_message(item) for item in read]), strict=True):
        if first:
            kept.append(item)
        else:
            work.duplicate(item.kind, item.record.host_app, item.record.day)
    return kept


def _message(item: _Read) -> Message:
    record = item.record
    day: date = record.day
    return Message(record.host_app, day, f"{NAMESPACE}.{item.kind}", f"{record.device}\0{record.message_id}")


def _workspaces(apps: Iterable[str]) -> dict[str, str]:
    rows = HostApp.objects.unscoped().filter(pk__in=list(apps))
    return dict(rows.values_list("pk", "workspace_id"))
