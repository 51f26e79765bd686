"""The next devices of a shard, read and judged: from the audience, or ledger rows that wait or are in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.audience import AudienceDevice, by_id
from ferry.kernel import clock
from push.addresses import Reached, reach
from push.models import Delivery, Shard
from push.rules.eligible import Verdict, judge
from push.rules.ledger import MOST_ATTEMPTS, Reason, State
from push.rules.limits import BATCH
from push.services.claims import Claim


@dataclass(frozen=True, slots=True)
class Item:
    """One device's copy: what was decided about it, and its row when it has one already."""

    device_id: str
    user: str
    verdict: Verdict
    reached: Reached | None
    attempts: int = 0
    row: int | None = None  # the ledger's number; None = not written yet
    place: int = 0  # devices of the page examined up to this one


@dataclass(frozen=True, slots=True)
class Batch:
    """Items in the order of their devices, and where the shard stands after them."""

    items: Sequence[Item]
    cursor: str | None = None  # None: ledger rows, the cursor stays
    examined: int = 0
    end: bool = False

    @property
    def sendable(self) -> list[Item]:
        """What goes out now."""
        return [item for item in self.items if item.verdict.state is State.SENDING]

    def cut(self, granted: int) -> Batch:
        """The batch up to its `granted`-th sendable item; the rest is read again in the next step."""
        if granted >= len(self.sendable):
            return self
        last = self.sendable[granted - 1] if granted else None
        if last is None:
            return replace(self, items=())
        kept = self.items[: self.items.index(last) + 1]
        if self.cursor is None:
            return replace(self, items=kept)
        return Batch(kept, cursor=last.device_id, examined=last.place, end=False)

    def progress(self, shard: Shard) -> dict[str, Any]:
        """What the shard's row says after this batch."""
        if self.cursor is None:
            return {}
        return {
            "cursor": self.cursor,
            "examined": shard.examined + self.examined,
            "exhausted": self.end,
        }

    def advance(self, shard: Shard) -> None:
        """The same on the shard in hand, once it is committed."""
        for name, value in self.progress(shard).items():
            setattr(shard, name, value)


def next_batch(claim: Claim) -> Batch | None:
    """What comes next; None when nothing is left. Ledger rows go first: some of them may be in doubt."""
    rows = list(claim.open_rows().order_by("device_id")[:BATCH])
    if rows:
        return Batch(_again(claim, rows))
    if claim.reader is None or claim.shard.exhausted:
        return None
    after = claim.shard.cursor or claim.shard.after
    page = claim.reader.page(after=after, until=claim.shard.until, limit=BATCH)
    reached, now = reach(claim.host_app, page.devices), clock.now()
    items = [
        Item(
            device_id=device.device_id,
            user=device.user,
            verdict=judge(device, claim.terms, reached=device.device_id in reached, now=now),
            reached=reached.get(device.device_id),
            place=place,
        )
        for device, place in zip(page.devices, page.places, strict=True)
    ]
    return Batch(items, cursor=page.last, examined=page.examined, end=page.end)


def _again(claim: Claim, rows: Sequence[Delivery]) -> list[Item]:
    """Rows that waited or are in doubt, judged anew: hours may have passed."""
    known = by_id(claim.host_app, [row.device_id for row in rows])
    reached = reach(claim.host_app, known.values())
    return [_item(claim, row, known.get(row.device_id), reached.get(row.device_id)) for row in rows]


def _item(claim: Claim, row: Delivery, device: AudienceDevice | None, reached: Reached | None) -> Item:
    now = clock.now()
    if device is None:
        verdict = Verdict(State.DROPPED, Reason.DEVICE_GONE, row.planned_at)
    elif row.attempts >= MOST_ATTEMPTS:  # in doubt again and again: whatever kills the worker must not do so forever
        verdict = Verdict(State.FAILED, Reason.GAVE_UP, row.planned_at)
    elif row.user and device.user != row.user:
        verdict = Verdict(State.DROPPED, Reason.USER_CHANGED, row.planned_at)
    else:
        # A row has passed the question for verification, and the hold-out, when it was written.
        terms = replace(claim.terms, holdout_share=0)
        verdict = judge(replace(device, verified=True), terms, reached=reached is not None, now=now)
    return Item(row.device_id, row.user, verdict, reached, row.attempts, row.pk)
