"""Questions to the Parquet files: DuckDB over the file list that the manifest gives, for one host app at a time.

Private to analytics; selectors check the workspace first. A list instead of a glob makes every answer that of one
state: a file counts from the moment its row commits, and never twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics import observations
from analytics.events import aliases, table
from analytics.values import Exposure
from ferry.journal import selectors as journal
from ferry.journal.lake import connect
from ferry.journal.work import HANDLER_FAILED, QUARANTINE
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import Workspace

if TYPE_CHECKING:
    import duckdb

EVENTS = "events"
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was not stored, and why. `payload` is empty where nothing of it may be kept."""

    kind: str
    reason: str
    payload: str


def query(table: str, host_app_id: str, sql: str, parameters: Sequence[Any], *, first: date, last: date) -> list[Any]:
    """The rows of `sql`, which reads from `read_parquet($1)`; `parameters` begin at $2. No file: no rows."""
    paths = [str(path) for path in journal.files(table, host_app_id, first=first, last=last)]
    if not paths:
        return []
    with connect(memory="256MB") as connection:
        return connection.execute(sql, [paths, *parameters]).fetchall()


def exposures(host_app_id: str, *, first: date, last: date, program_id: str = "") -> list[Exposure]:
    """How many devices were shown each version, per release, in check-ins received from `first` to `last`."""
    rows = query(
        observations.TABLE,
        host_app_id,
        """
        WITH shown AS (SELECT device, unnest(arms) AS arm FROM read_parquet($1))
        SELECT arm.program, arm.release, arm.code, count(DISTINCT device), count(*)
        FROM shown
        WHERE $2 = '' OR arm.program = $2
        GROUP BY ALL
        ORDER BY ALL
        """,
        [program_id],
        first=first,
        last=last,
    )
    return [Exposure(*row) for row in rows]


def devices_per_day(host_app_id: str, *, first: date, last: date) -> dict[date, int]:
    """How many different devices checked in on each UTC day."""
    rows = query(
        observations.TABLE,
        host_app_id,
        "SELECT make_timestamp(at_ms * 1000)::DATE AS seen_on, count(DISTINCT device) FROM read_parquet($1)"
        " GROUP BY ALL ORDER BY ALL",
        [],
        first=first,
        last=last,
    )
    return dict(rows)


def quarantine(host_app_id: str, day: date, *, limit: int) -> list[Refused]:
    """Records of one received day that were refused, the latest files first."""
    rows = query(
        QUARANTINE,
        host_app_id,
        "SELECT kind, reason, payload FROM read_parquet($1) LIMIT $2",
        [limit],
        first=day,
        last=day,
    )
    return [Refused(*row) for row in rows]


def put_aside(host_app_id: str, day: date) -> int:
    """How many records of one received day the loader put aside because their handler failed."""
    sql = "SELECT count(*) FROM read_parquet($1) WHERE reason = $2"
    rows = query(QUARANTINE, host_app_id, sql, [HANDLER_FAILED], first=day, last=day)
    return int(rows[0][0]) if rows else 0


def events_view(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    host_app_id: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> str:
    """Make the events of a host app from `start` to before `end` (None: open) readable as a view, and give its name.

    Columns: analytics.events.table. Where an event names no user, user_id and user_key are those of the user that its
    device or anonymous id turned out to be (analytics.events.aliases). consent_profiling is what came along; who may
    be profiled now is analytics.churn.rollup's question.
    Raises NotFound. One such view for each connection: a second call replaces the first.
    """
    app = identity.host_app(workspace, host_app_id)
    start = (start or _EARLIEST).astimezone(UTC)
    end = (end or _LATEST).astimezone(UTC)
    last = end - timedelta(microseconds=1)
    paths = [str(path) for path in journal.files(table.TABLE, app.id, first=start.date(), last=last.date())]
    run = connection.execute
    if paths:
        run("SET VARIABLE events_files = $1", [paths]).fetchall()
        source = "read_parquet(getvariable('events_files'))"
    else:
        nothing = ", ".join(f"NULL::{kind} AS {name}" for name, kind in table.COLUMNS.items())
        source = f"(SELECT {nothing} WHERE false)"
    if paths and aliases.prepare(connection, app.id):
        source = aliases.linked(source)
    run("SET VARIABLE events_start = $1", [start.replace(tzinfo=None)]).fetchall()
    run("SET VARIABLE events_end = $1", [end.replace(tzinfo=None)]).fetchall()
    run(
        f"CREATE OR REPLACE TEMP VIEW {EVENTS} AS SELECT * FROM {source}"  # noqa: S608
        " WHERE ts >= getvariable('events_start') AND ts < getvariable('events_end')"
    ).fetchall()
    return EVENTS


def recent_event_files(host_app_id: str, *, today: date, rows: int) -> list[str]:
    """The event files that were loaded last, until they hold this many rows."""
    return [str(path) for path in journal.newest_files(table.TABLE, host_app_id, since=today, rows=rows)]
