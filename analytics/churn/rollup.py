"""From single events to the daily roll-up that features are built from: one row per (user, event, day, known).

It keeps what the features need at a fraction of the rows (a fiftieth of the public data sets'). Two sources: a file
that somebody brings (backtest_churn, import_events) and the events that Ferry has stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from analytics.churn.definition import NEVER_ACTIVITY

TABLE: Final = "daily"
LONGEST_USER: Final = 200
# What no list of users can hold (ferry.kernel.publishing.sets): control characters, line breaks, blanks at the ends.
UNLISTABLE: Final = r"'[\x00-\x1f\x7f\x{2028}\x{2029}]|^\s|\s$'"
READERS: Final = {
    ".parquet": "read_parquet($path)",
    ".csv": "read_csv($path, header = true)",
    ".gz": "read_csv($path, header = true, compression = 'gzip')",
}
TIMES: Final = ("timestamp", "ts", "day", "date")


class BadHistory(ValueError):
    """The file cannot be read as an event log; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class History:
    """How a file says what happened: a DuckDB table function with $path, and SQL of our own for each column."""

    path: Path
    reader: str
    time: str
    n: str
    value: str

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, path: Path) -> History:
        """Look at the file's columns. Raises BadHistory."""
        reader = READERS.get(path.suffix.lower())
        if reader is None:
            raise BadHistory(f"{path.name}: use a .csv, .csv.gz or .parquet file")
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {reader}", {"path": str(path)}).fetchall()  # noqa: S608
        except duckdb.Error as wrong:
            raise BadHistory(f"{path.name} cannot be read: {wrong}") from wrong
        columns = {row[0].lower() for row in described}
        time = next((name for name in TIMES if name in columns), "")
        missing = [name for name in ("user_id", "event") if name not in columns]
        missing += [] if time else ["timestamp or day"]
        if missing:
            raise BadHistory(f"{path.name} has no column {', '.join(missing)}")
        return cls(
            path=path,
            reader=reader,
            time=f"CAST({time} AS TIMESTAMP)",
            n="coalesce(n, 1)" if "n" in columns else "1",
            value="CAST(value AS DOUBLE)" if "value" in columns else "NULL::DOUBLE",
        )

    def select(self, columns: str) -> str:
        """SQL for `columns` of the usable rows; user_id, event and n are among what it may name."""
        return (
            f"SELECT {columns} FROM (SELECT CAST(user_id AS VARCHAR) AS user_id, CAST(event AS VARCHAR) AS event,"  # noqa: S608
            f" {self.time} AS ts, {self.n} AS n, {self.value} AS value FROM {self.reader})"
            " WHERE coalesce(user_id, '') <> '' AND coalesce(event, '') <> '' AND ts IS NOT NULL AND n > 0"
        )


def from_file(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[date, date]:
    """Make the roll-up of a CSV or Parquet file with user_id, event, a time, and optional n and value.

    The time stands in a column named timestamp, ts, day or date. Returns the first and the last day. Raises BadHistory.
    """
    history = History.of(connection, path)
    source = history.select("*, ts::DATE AS known")
    try:
        return _make(connection, source, {"path": str(path)})
    except duckdb.Error as wrong:
        raise BadHistory(f"{path.name}: {wrong}") from wrong


@dataclass(frozen=True, slots=True)
class Profiling:
    """Who has said what to profiling, as devices say it now. `required`: who has said nothing has said no."""

    required: bool = False
    refusing_devices: frozenset[str] = frozenset()
    refusing_users: frozenset[str] = frozenset()
    agreeing_devices: frozenset[str] = frozenset()
    agreeing_users: frozenset[str] = frozenset()


def from_events(connection: duckdb.DuckDBPyConnection, view: str, *, profiling: Profiling) -> tuple[date, date]:
    """Make the roll-up of stored events: those of users who may be profiled (rule 13).

    A user is out, with all the past, when any device of his or the last event that says something says no; where
    consent is required, also when nothing says yes. Raises BadHistory when nothing is left.
    """
    _say_who(connection, view, profiling)
    allowed = "user_id IN (SELECT user_id FROM agreeing)" if profiling.required else "true"
    amount = "CASE WHEN json_valid(properties) THEN json_extract_string(properties, {}) END"
    source = f"""
        SELECT user_id, coalesce(nullif(event, ''), type) AS event, ts, 1 AS n,
               greatest(ts, received_at)::DATE AS known,
               coalesce(TRY_CAST({amount.format("'$.value'")} AS DOUBLE),
                        TRY_CAST({amount.format("'$.revenue'")} AS DOUBLE)) AS value
        FROM {view}
        WHERE coalesce(user_id, '') <> '' AND type IN ('track', 'page', 'screen') AND {allowed}
          AND length(user_id) <= {LONGEST_USER} AND NOT regexp_matches(user_id, {UNLISTABLE})
          AND coalesce(consent_profiling, true) AND user_id NOT IN (SELECT user_id FROM refusing)
    """  # noqa: S608 a view and words of our own
    return _make(connection, source, {})


def _say_who(connection: duckdb.DuckDBPyConnection, view: str, profiling: Profiling) -> None:
    """The tables `refusing` and `agreeing`: users, by what they said, what their devices say, what their events say."""
    for table, answer, devices, users in (
        ("refusing", "NOT said", profiling.refusing_devices, profiling.refusing_users),
        ("agreeing", "said", profiling.agreeing_devices, profiling.agreeing_users),
    ):
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {table} AS
            SELECT unnest($users::VARCHAR[]) AS user_id
            UNION SELECT user_id FROM {view}
                  WHERE user_id <> '' AND device_id IN (SELECT unnest($devices::VARCHAR[]))
            UNION SELECT user_id FROM (
                SELECT user_id, arg_max(consent_profiling, received_at) AS said FROM {view}
                WHERE user_id <> '' AND consent_profiling IS NOT NULL GROUP BY user_id
            ) WHERE {answer}
            """,  # noqa: S608 names of our own
            {"users": sorted(users), "devices": sorted(devices)},
        )


def _make(connection: duckdb.DuckDBPyConnection, source: str, parameters: dict[str, object]) -> tuple[date, date]:
    never = ", ".join("'" + name.replace("'", "''") + "'" for name in NEVER_ACTIVITY)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE {TABLE} AS
        SELECT user_id, event, ts::DATE AS day, known, sum(n)::DOUBLE AS n, sum(value)::DOUBLE AS value,
               avg(sin(hour(ts) * pi() / 12)) AS hour_sin, avg(cos(hour(ts) * pi() / 12)) AS hour_cos
        FROM ({source}) WHERE event NOT IN ({never}) GROUP BY ALL
        """,  # noqa: S608
        parameters,
    )
    row = connection.execute(f"SELECT min(day), max(day) FROM {TABLE}").fetchone()  # noqa: S608
    if row is None or row[0] is None:
        raise BadHistory("there are no events of users to learn from")
    return row[0], row[1]
