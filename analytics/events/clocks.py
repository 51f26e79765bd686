"""When an event happened, whatever the phone's clock says. Pure.

A phone's clock may be years off, but it runs evenly: what it says passed between the event and its sending did pass.
So an event happened at received − (sent − original) (Segment's rule). Without `sentAt` the phone's clock has to be
believed. Nothing happens after it was received, so small negative ages count as none.
"""

from __future__ import annotations

from datetime import UTC, datetime

from analytics.events.reasons import Reason

DAY_MS = 86_400_000
MOST_AHEAD_MS = DAY_MS
MOST_AGE_MS = 90 * DAY_MS


def milliseconds(text: str) -> int:
    """ISO 8601 as milliseconds since the epoch; without an offset it is UTC. Raises ValueError, OverflowError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def happened(original: int, *, sent: int | None, received: int) -> int | Reason:
    """The corrected time in ms, or why there is none."""
    age = (received if sent is None else sent) - original
    if age < 0:
        return Reason.CLOCK_AHEAD if age < -MOST_AHEAD_MS else received
    return Reason.CLOCK_BEHIND if age > MOST_AGE_MS else received - age
