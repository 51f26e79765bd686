"""What receipts change in the ledger: forward only, each moment kept as it came first.

targeted → … → accepted → arrived → opened. Opened or dismissed means arrived. A receipt may come before the channel's
own answer, or for a copy whose answer was lost: the device knows better, so it is not sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from push.models import Delivery, Shard
from push.receipts.records import ReceiptRecord
from push.rules.ledger import State

_CHUNK = 500  # ids in one statement: SQLite's older builds take 999 variables
Key = tuple[str, str, str]  # host app, message, device

# One plain statement for each copy: a broadcast brings as many receipts as it had devices. What it says does not
# depend on what was read before, so a worker's answer that came in between is never undone.
_MOVE = """
    UPDATE push_delivery SET
        state = CASE WHEN state = %s OR %s = 1 THEN %s ELSE %s END,
        arrived_at = COALESCE(arrived_at, %s),
        opened_at = COALESCE(opened_at, %s),
        dismissed_at = COALESCE(dismissed_at, %s),
        reason = '',
        shard_id = NULL
    WHERE id = %s
"""


@dataclass(slots=True)
class _Copy:
    """A copy in the ledger and what its device has said about it in this step."""

    pk: int
    shard: str | None
    arrived: datetime | None = None
    opened: datetime | None = None
    dismissed: datetime | None = None


class Changes:
    """The copies that a step's receipts are about."""

    def __init__(self, receipts: Sequence[ReceiptRecord]) -> None:
        """Reads the copies; writes nothing."""
        wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for receipt in receipts:
            wanted[receipt.host_app, receipt.message].add(receipt.device)
        self._copies: dict[Key, _Copy] = {}
        self._touched: dict[int, _Copy] = {}
        for (app, message), devices in wanted.items():
            for chunk in _chunks(sorted(devices)):
                rows = Delivery.objects.unscoped().filter(
                    message_id=message, message__host_app_id=app, device_id__in=chunk, attempts__gt=0
                )
                for pk, device, shard in rows.values_list("pk", "device_id", "shard_id"):
                    self._copies[app, message, device] = _Copy(pk, shard)

    def add(self, receipt: ReceiptRecord) -> bool:
        """Take one receipt. False when no such copy was ever given to a channel."""
        copy = self._copies.get((receipt.host_app, receipt.message, receipt.device))
        if copy is None:
            return False
        at = receipt.moment
        copy.arrived = _first(copy.arrived, at)
        if receipt.event == "opened":
            copy.opened = _first(copy.opened, at)
        elif receipt.event == "dismissed":
            copy.dismissed = _first(copy.dismissed, at)
        self._touched[copy.pk] = copy
        return True

    def save(self) -> None:
        """Write them, inside the loader's transaction.

        Shards go before their copies, as a worker takes them too: otherwise the two could wait for each other.
        """
        shards = sorted({copy.shard for copy in self._touched.values() if copy.shard})
        for chunk in _chunks(shards):
            rows = Shard.objects.unscoped().filter(pk__in=chunk).order_by("pk")
            list(rows.select_for_update().values_list("pk", flat=True))
        if self._touched:
            with connection.cursor() as cursor:
                cursor.executemany(_MOVE, [_values(self._touched[pk]) for pk in sorted(self._touched)])


def _values(copy: _Copy) -> tuple[str | int | datetime | None, ...]:
    adapt = connection.ops.adapt_datetimefield_value
    opened = 0 if copy.opened is None else 1
    states = (State.OPENED.value, opened, State.OPENED.value, State.ARRIVED.value)
    return (*states, adapt(copy.arrived), adapt(copy.opened), adapt(copy.dismissed), copy.pk)


def _first(known: datetime | None, now: datetime) -> datetime:
    return now if known is None else min(known, now)


def _chunks(items: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), _CHUNK):
        yield list(items[start : start + _CHUNK])
