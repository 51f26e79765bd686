"""Who came back: activity of people and devices within a span of time, from the Parquet files.

Asked by push for the return rate. An event counts at the moment when it happened (corrected for the phone's clock,
analytics.events.clocks), whenever it was received: what a phone queued over midnight counts for the evening, and what
it did before a push and sent after it counts for nothing. A check-in happens when it is received.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analytics import observations
from ferry.journal import selectors as journal
from ferry.journal.lake import connect
from ferry.kernel.identity.models import HostApp

EVENTS = "events"  # the table of stored events
_SOURCES = {
    "checkin": (observations.TABLE, "SELECT user_id, device AS device_id, at_ms FROM read_parquet($1)"),
    "event": (EVENTS, "SELECT user_id, device_id, epoch_ms(ts) AS at_ms FROM read_parquet($1)"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A person (`user`), or a device where there is no user, watched from `since` until `until`."""

    key: str
    user: str
    device_id: str
    since: datetime
    until: datetime


def returned(host_app: HostApp, spans: Iterable[Span], *, signal: str = "any") -> set[str]:
    """The keys of those with any activity after `since` and up to `until`.

    `signal`: "event" counts events, "checkin" check-ins, "any" both. An app that checks in without being opened says
    nothing by a check-in: choose "event" there. A key may have several spans (a person's devices).
    """
    rows = [(s.key, s.user, s.device_id, _ms(s.since), _ms(s.until)) for s in spans]
    if not rows:
        return set()
    first = datetime.fromtimestamp(min(row[3] for row in rows) / 1000, UTC).date()
    last = datetime.fromtimestamp(max(row[4] for row in rows) / 1000, UTC).date()
    found: set[str] = set()
    with connect(memory="256MB") as duckdb:
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
        duckdb.execute(
            "CREATE TABLE span AS SELECT unnest($1::VARCHAR[]) AS key, unnest($2::VARCHAR[]) AS of_user,"
            " unnest($3::VARCHAR[]) AS of_device, unnest($4::BIGINT[]) AS since, unnest($5::BIGINT[]) AS till",
            columns,
        )
        for name, (table, source) in _SOURCES.items():
            paths = [str(path) for path in journal.files(table, host_app.pk, first=first, last=last)]
            if not paths or signal not in ("any", name):
                continue
            # Two joins on equality instead of one with OR, which DuckDB would answer row by row.
            matched = duckdb.execute(
                f"WITH seen AS ({source})"  # noqa: S608 the sources stand above
                " SELECT DISTINCT key FROM span JOIN seen ON of_device = device_id"
                " WHERE at_ms > since AND at_ms <= till"
                " UNION SELECT DISTINCT key FROM span JOIN seen ON of_user = user_id"
                " WHERE of_user <> '' AND at_ms > since AND at_ms <= till",
                [paths],
            ).fetchall()
            found.update(key for (key,) in matched)
    return found


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
