"""How many users were active: on each day, in the seven and in the thirty days that end with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from analytics.reports import running
from analytics.reports.asking import Filter, Span, Statement
from analytics.store import EVENTS
from ferry.kernel.identity.models import Workspace

WEEK, MONTH = 7, 30


@dataclass(frozen=True, slots=True)
class ActiveDay:
    """Different users of one day, of the last 7 and of the last 30 days."""

    day: date
    daily: int
    weekly: int
    monthly: int


def active_users(
    workspace: Workspace, host_app_id: str, span: Span, *, filters: tuple[Filter, ...] = ()
) -> list[ActiveDay]:
    """One row for each day of the span. Raises NotFound, ReportInvalid, ReportTooHeavy, ReportsBusy."""
    read = span.longer(MONTH - 1)
    statement = Statement(read)
    where = statement.where(filters, statement.named(()))
    # A user counts on a day when his last active day before it lies less than 7 or 30 days back. So each active day
    # counts from itself until the next one, or until it is too long ago: intervals that never overlap.
    sql = f"""
        WITH days AS (
            SELECT DISTINCT user_key, {statement.local()}::DATE AS day FROM {EVENTS} WHERE {where}
        ),
        gaps AS (
            SELECT day, coalesce(lead(day) OVER (PARTITION BY user_key ORDER BY day) - day, {MONTH}) AS gap FROM days
        )
        SELECT day, least(gap, {MONTH}) AS lasts, count(*) FROM gaps GROUP BY ALL
    """  # noqa: S608 from this module's own words
    rows = running.run(
        workspace, host_app_id, read, lambda connection: connection.execute(sql, statement.parameters).fetchall()
    )
    days = read.days()
    place = {day: number for number, day in enumerate(days)}
    counts = {length: [0] * (len(days) + 1) for length in (1, WEEK, MONTH)}
    for day, lasts, users in rows:
        start = place[day]
        for length, changes in counts.items():
            changes[start] += users
            changes[min(start + min(lasts, length), len(days))] -= users
    sums: dict[int, list[int]] = {}
    for length, changes in counts.items():
        running_sum, sums[length] = 0, []
        for change in changes[: len(days)]:
            running_sum += change
            sums[length].append(running_sum)
    return [ActiveDay(day, sums[1][place[day]], sums[WEEK][place[day]], sums[MONTH][place[day]]) for day in span.days()]
