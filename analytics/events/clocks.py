"""When an event happened, whatever the phone's clock says. Pure.

A phone's clock may be years off, but it runs evenly: what it says passed between the event and its sending did pass.
So an event happened at received − (sent − original) (Segment's rule). Without `sentAt` the phone's clock has to be
believed. Nothing happens after it was received, so small negative ages count as none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from analytics.events.reasons import Reason

DAY_MS = 86_400_000
MOST_AHEAD_MS = DAY_MS
MOST_AGE_MS = 90 * DAY_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(text: str) -> int:
    """ISO 8601 as milliseconds since the epoch; without an offset it is UTC. Raises ValueError, OverflowError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return all_milliseconds([moment])[0]


def all_milliseconds(moments: Iterable[datetime]) -> list[int]:
    """Milliseconds since the epoch. Whole numbers all the way: exact, and quicker than `timestamp()`."""
    return [
        (since := moment - _EPOCH).days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000
        for moment in moments
    ]


def happened(original: int, *, sent: int | None, received: int) -> int | Reason:
    """The corrected time in ms, or why there is none."""
    age = (received if sent is None else sent) - original
    if age < 0:
        return Reason.CLOCK_AHEAD if age < -MOST_AHEAD_MS else received
    return Reason.CLOCK_BEHIND if age > MOST_AGE_MS else received - age
