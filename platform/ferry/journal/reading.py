"""What every handler of stamped records does first: read them, and put aside what nobody can load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import msgspec

from ferry.journal.records import Kinds, R, label
from ferry.journal.registry import Measure
from ferry.journal.work import Work
from ferry.kernel import clock
from ferry.kernel.identity.models import HostApp


@dataclass(frozen=True, slots=True)
class Read(Generic[R]):
    """A record that could be read, with what it was read from."""

    kind: str
    record: R
    payload: bytes


def measured(payload: bytes) -> Measure:
    """Whose record it is, for Handler.measure; one that does not say is nobody's, and of today."""
    app, day = label(payload) or ("", clock.now().date())
    return Measure(app, day)


def read(kinds: Kinds[R], records: Mapping[str, Sequence[bytes]], work: Work) -> list[Read[R]]:
    """The records that can be read and belong to a known host app; the others are put aside with the reason."""
    found: list[Read[R]] = []
    for kind, payloads in records.items():
        for payload in payloads:
            try:
                found.append(Read(kind, kinds.decode(kind, payload), payload))
            except (msgspec.DecodeError, UnicodeDecodeError):
                whose = measured(payload)
                work.rejected(kind, whose.app, whose.day, "invalid", payload)
    known = workspaces(item.record.host_app for item in found)
    kept = []
    for item in found:
        if item.record.host_app in known:
            kept.append(item)
        else:
            work.rejected(item.kind, item.record.host_app, item.record.day, "unknown_app", item.payload)
    return kept


def workspaces(apps: Iterable[str]) -> dict[str, str]:
    """The workspace of each of these host apps, by its id; those that do not exist are missing."""
    return dict(HostApp.objects.unscoped().filter(pk__in=set(apps)).values_list("pk", "workspace_id"))
