"""What edges read: whether there is anything new, for whom, and what waits for one device."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from django.db.models import Q, Subquery

from analytics.holders import holder
from ferry.kernel import clock
from ferry.kernel.identity.models import Workspace
from push.inbox.writing import COUNTER
from push.models import InboxEntry, PositionCounter

_CHUNK = 500  # numbers in one statement: SQLite's older builds take 999 variables


@dataclass(frozen=True, slots=True)
class Entry:
    """One envelope as it goes to a device. `body` is its JSON."""

    position: int
    host_app_id: str
    device_id: str
    user: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next entries of a device, oldest first; `more`: there are others behind them."""

    entries: list[Entry]
    more: bool


def latest() -> int:
    """The last position that is visible. Everything up to it is visible too; 0 before the first one."""
    return PositionCounter.objects.filter(pk=COUNTER).values_list("value", flat=True).first() or 0


def addressees(*, after: int, upto: int, limit: int) -> list[tuple[int, str, str]]:
    """Position, host app and device of the entries between two positions, in order. Without their payloads: an edge
    holds the streams of few of them."""
    rows = InboxEntry.objects.unscoped().filter(position__gt=after, position__lte=upto).order_by("position")
    return list(rows.values_list("position", "host_app_id", "device_id")[:limit])


def entries(positions: Sequence[int]) -> list[Entry]:
    """These entries, in order."""
    found: list[Entry] = []
    for start in range(0, len(positions), _CHUNK):
        rows = InboxEntry.objects.unscoped().filter(position__in=positions[start : start + _CHUNK])
        found += _told(rows.order_by("position").values_list(*_COLUMNS))
    return found


def waiting(*, workspace_id: str, host_app_id: str, device_id: str, since: int, limit: int) -> Waiting:
    """What waits for a device behind `since`: one indexed read.

    What was meant for a user is left out once somebody else, or nobody, is bound to the device.
    """
    workspace = Workspace(pk=workspace_id)
    holds = Subquery(holder(workspace, host_app_id, device_id))
    rows = InboxEntry.objects.of(workspace).filter(
        Q(user="") | Q(user=holds),
        host_app_id=host_app_id,
        device_id=device_id,
        position__gt=since,
        expires_at__gt=clock.now(),
    )
    found = _told(rows.order_by("position").values_list(*_COLUMNS)[: limit + 1])
    return Waiting(found[:limit], len(found) > limit)


_COLUMNS = ("position", "host_app_id", "device_id", "user", "payload")


def _told(rows: Iterable[Collection[object]]) -> list[Entry]:
    return [
        Entry(position, app, device, user, msgspec.json.encode(payload))  # type: ignore[arg-type]
        for position, app, device, user, payload in rows
    ]
