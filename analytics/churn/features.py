"""What is known about a user on the morning of a snapshot day, in one SQL query over the daily roll-up.

Input: a roll-up as analytics.churn.rollup makes it, one row per (user_id, event, day, known): n (how often), value
(sum of amounts, may be null), hours (mean hour of day as an angle's sin and cos, may be null). `known` is the
day on which Ferry had the row: a phone may deliver days later, and that it came back at all must not be known before.
Only rows known before the snapshot day are read, so nothing of that day or later can leak: the query never sees it.
Ages are whole days counted back from the day before the snapshot, so yesterday is 0. docs/churn.md lists the features.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import numpy.typing as npt

from analytics.churn.definition import Definition

TOP_EVENTS = 20
FRACTIONS = (1 / 7, 2 / 7, 3 / 7, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the users, by a hash of their id: `count` of `of` equal parts, from `first` on. All by default."""

    of: int = 1
    first: int = 0
    count: int = 1

    @classmethod
    def at_most(cls, users: int, most: int) -> Part:
        """A random part of `users` that holds about `most` of them, the same whenever it is asked for."""
        return cls() if users <= most else cls(of=1000, count=max(1, 1000 * most // users))

    @classmethod
    def each(cls, users: int, size: int) -> list[Part]:
        """Parts of about `size` users that together are everybody."""
        of = max(1, -(-users // size))
        return [cls(of=of, first=first) for first in range(of)]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Features of one snapshot: `values[i, j]` is feature `names[j]` of `users[i]`. No NaN; counts are logged."""

    snapshot: date
    users: npt.NDArray[np.str_]
    names: tuple[str, ...]
    values: npt.NDArray[np.float64]

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """One feature of all users."""
        return self.values[:, self.names.index(name)]


def top_events(connection: duckdb.DuckDBPyConnection, table: str, before: date) -> tuple[str, ...]:
    """The names seen most often before a day: fixed once per training, so that every snapshot has the same columns."""
    rows = connection.execute(
        f"SELECT event FROM {table} WHERE known < ? GROUP BY event ORDER BY sum(n) DESC, event LIMIT {TOP_EVENTS}",  # noqa: S608
        [before],
    ).fetchall()
    return tuple(row[0] for row in rows)


def population(connection: duckdb.DuckDBPyConnection, table: str, *, definition: Definition, snapshot: date) -> int:
    """How many users a snapshot asks about: whoever was active in the M days before it."""
    row = connection.execute(
        f"SELECT count(DISTINCT user_id) FROM {table} WHERE {_active()} AND known < $snapshot::DATE"  # noqa: S608
        " AND day >= $snapshot::DATE - $m::INT AND day < $snapshot::DATE",
        {"names": list(definition.activity_events), "snapshot": snapshot, "m": definition.active_days},
    ).fetchone()
    return int(row[0]) if row else 0


def build(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    definition: Definition,
    snapshot: date,
    events: tuple[str, ...],
    part: Part = Part(),
) -> Matrix:
    """The features of everyone in the population at `snapshot`, or of a part of them.

    `table` is a name that our own code made, never a user's; everything else travels as a parameter.
    """
    query, parameters = _query(table, definition, events)
    shares = {"of": part.of, "first": part.first, "last": part.first + part.count - 1}
    answer = connection.execute(query, {**parameters, **shares, "snapshot": snapshot}).fetchnumpy()
    users = np.asarray(answer.pop("user_id"), dtype=str)
    names = tuple(answer)
    columns = [np.ma.filled(np.ma.asarray(answer[name]).astype(np.float64), 0.0) for name in names]
    values = np.column_stack(columns) if len(users) else np.zeros((0, len(names)))
    return Matrix(snapshot, users, names, np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0))


def labels(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    definition: Definition,
    matrix: Matrix,
    known_before: date | None = None,
) -> npt.NDArray[np.bool_]:
    """Who of the matrix' users did nothing in [snapshot, snapshot + N): True is gone, the positive class.

    `known_before`: the answer as it was on that day; without, as it is known now.
    """
    query = (
        f"SELECT DISTINCT user_id FROM {table} WHERE {_active()} AND day >= $snapshot::DATE"  # noqa: S608
        " AND day < $snapshot::DATE + $n::INT AND known < coalesce($known::DATE, DATE '9999-12-31')"
    )
    parameters = {
        "snapshot": matrix.snapshot,
        "n": definition.inactive_days,
        "names": list(definition.activity_events),
        "known": known_before,
    }
    stayed = {row[0] for row in connection.execute(query, parameters).fetchall()}
    return np.fromiter((user not in stayed for user in matrix.users), dtype=bool, count=len(matrix.users))


def _active() -> str:
    return "(len($names::VARCHAR[]) = 0 OR list_contains($names::VARCHAR[], event))"


def windows(inactive_days: int) -> tuple[int, ...]:
    """The window lengths in days, each at least one, without repeats."""
    return tuple(sorted({max(1, round(inactive_days * fraction)) for fraction in FRACTIONS}))


def _query(table: str, definition: Definition, events: tuple[str, ...]) -> tuple[str, dict[str, object]]:
    n = definition.inactive_days
    spans = windows(n)
    per_event: list[str] = []
    parameters: dict[str, object] = {"names": list(definition.activity_events), "m": definition.active_days}
    for place, event in enumerate(events):
        parameters[f"e{place}"] = event
        for span in (n, 4 * n):
            per_event.append(f"ln(1 + sum(n) FILTER (event = $e{place} AND age < {span})) AS event{place}_{span}")
    totals = [f"ln(1 + sum(n) FILTER (age < {w})) AS count_{w}" for w in spans]
    distinct = [f"count(DISTINCT event) FILTER (age < {w}) AS kinds_{w}" for w in spans]
    days = [f"count(*) FILTER (age < {w}) AS days_{w}" for w in spans]
    decays = [
        f"ln(1 + sum(n * exp(-age / {max(0.5, tau)}))) AS decay_{place}"
        for place, tau in enumerate((n / 7, n / 2, n, 3 * n))
    ]
    parts = [
        f"ln(1 + sum(n) FILTER (age >= {n * place // 2} AND age < {n * (place + 1) // 2})) AS part_{place}"
        for place in range(7)
    ]
    money = [
        "sum(coalesce(value, 0)) AS value_sum",
        "avg(value) AS value_mean",
        "arg_max(value, -age) AS value_last",
    ]
    hours = [
        "avg(hour_sin) AS hour_sin",
        "avg(hour_cos) AS hour_cos",
        "sum(n) FILTER (weekend)::DOUBLE / greatest(1, sum(n)) AS weekend_share",
    ]
    sums = ",\n    ".join([*totals, *distinct, *decays, *parts, *per_event, *money, *hours])
    query = f"""
WITH seen AS (
    SELECT user_id, event, n, value, hour_sin, hour_cos, dayofweek(day) IN (0, 6) AS weekend,
           date_diff('day', day, $snapshot::DATE) - 1 AS age
    FROM {table} WHERE known < $snapshot::DATE AND day < $snapshot::DATE
      AND hash(user_id) % $of::UBIGINT BETWEEN $first::UBIGINT AND $last::UBIGINT
), active AS (
    SELECT user_id, age FROM seen WHERE {_active()} GROUP BY user_id, age
), population AS (
    SELECT DISTINCT user_id FROM active WHERE age < $m::INT
), gaps AS (
    SELECT user_id, age, lead(age) OVER (PARTITION BY user_id ORDER BY age) - age AS gap
    FROM active JOIN population USING (user_id)
), rhythm AS (
    SELECT user_id, min(age) AS recency, max(age) + 1 AS tenure, count(*)::DOUBLE / (max(age) + 1) AS density,
           avg(gap) AS gap_mean, coalesce(stddev_pop(gap), 0) AS gap_sd, max(gap) AS gap_max,
           arg_min(gap, age) FILTER (gap IS NOT NULL) AS gap_last, quantile_cont(gap, 0.9) AS gap_p90,
           min(age) / greatest(1, avg(gap)) AS overdue,
           {", ".join(days)}
    FROM gaps GROUP BY user_id
), sums AS (
    SELECT user_id,
    {sums}
    FROM seen JOIN population USING (user_id) GROUP BY user_id
)
SELECT rhythm.*, sums.* EXCLUDE (user_id),
       count_{n} - ln(1 + greatest(0, exp(count_{spans[-1]}) - exp(count_{n}))) AS trend_long,
       part_0 - part_1 AS trend_1, part_1 - part_2 AS trend_2, part_0 - part_3 AS trend_3
FROM rhythm JOIN sums USING (user_id) ORDER BY user_id
"""  # noqa: S608
    return query, parameters
