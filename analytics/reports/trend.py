"""How often, or by how many users, events happened over time, told apart by a field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from analytics.reports import running
from analytics.reports.asking import Filter, Span, Statement
from analytics.reports.errors import ReportInvalid
from analytics.store import EVENTS
from ferry.kernel.identity.models import Workspace

MOST_POINTS = 1_000


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Measure(StrEnum):
    EVENTS = "events"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class TrendQuestion:
    """What is asked."""

    span: Span
    events: tuple[str, ...] = ()  # none: all activity
    measure: Measure = Measure.EVENTS
    unit: Unit = Unit.DAY
    breakdown: str = ""  # a field
    top: int = 10  # values of the field that stand for themselves
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One line. `value` is None for events without the field; `other` gathers the values past the top ones."""

    value: str | None
    other: bool
    points: list[int]
    total: int


@dataclass(frozen=True, slots=True)
class Trend:
    """`times` are the beginnings of the units on the wall of the span's zone."""

    times: list[datetime]
    series: list[Series]


def trend(workspace: Workspace, host_app_id: str, asked: TrendQuestion) -> Trend:
    """Raises NotFound, ReportInvalid, ReportTooHeavy, ReportsBusy."""
    times = list(_times(asked))
    if len(times) > MOST_POINTS:
        raise ReportInvalid(reason=_("more than {most} points; choose a longer unit").format(most=MOST_POINTS))
    statement = Statement(asked.span)
    unit = statement.give(str(asked.unit))
    count = "count(*)" if asked.measure is Measure.EVENTS else "count(DISTINCT user_key)"
    value = statement.field(asked.breakdown) if asked.breakdown else "NULL::VARCHAR"
    where = statement.where(asked.filters, statement.named(asked.events))
    top = statement.give(max(1, asked.top))
    sql = f"""
        WITH chosen AS (
            SELECT date_trunc({unit}, {statement.local()}) AS slot, {value} AS value, user_key
            FROM {EVENTS} WHERE {where}
        ),
        ranked AS (
            SELECT value FROM chosen WHERE value IS NOT NULL GROUP BY value ORDER BY count(*) DESC, value LIMIT {top}
        ),
        named AS (
            SELECT slot, user_key, value IS NOT NULL AND value NOT IN (FROM ranked) AS other,
                if(value IN (FROM ranked), value, NULL) AS value
            FROM chosen
        )
        SELECT value, coalesce(other, false), slot::TIMESTAMP, {count} FROM named
        GROUP BY GROUPING SETS ((value, other, slot), (value, other))
    """  # noqa: S608 from this module's own words
    rows = running.run(
        workspace, host_app_id, asked.span, lambda connection: connection.execute(sql, statement.parameters).fetchall()
    )
    place = {at: number for number, at in enumerate(times)}
    found: dict[tuple[str | None, bool], tuple[list[int], list[int]]] = {}
    for name, other, at, number in rows:
        points, total = found.setdefault((name, other), ([0] * len(times), [0]))
        if at is None:
            total[0] = number
        else:
            points[place[at]] = number
    if not found and not asked.breakdown:
        found[None, False] = [0] * len(times), [0]
    series = [Series(name, other, points, total[0]) for (name, other), (points, total) in found.items()]
    return Trend(
        times, sorted(series, key=lambda each: (each.other, each.value is None, -each.total, each.value or ""))
    )


def _times(asked: TrendQuestion) -> Iterator[datetime]:
    at = begin(asked.span.first, asked.unit)
    end = datetime.combine(asked.span.last + timedelta(days=1), time())
    while at < end:
        yield at
        at = after(at, asked.unit)


def begin(day: date, unit: Unit) -> datetime:
    """The unit that the day lies in begins here."""
    if unit is Unit.WEEK:
        day -= timedelta(days=day.weekday())
    return datetime.combine(day.replace(day=1) if unit is Unit.MONTH else day, time())


def after(at: datetime, unit: Unit) -> datetime:
    """The next unit begins here."""
    if unit is Unit.MONTH:
        return (at.replace(day=28) + timedelta(days=4)).replace(day=1)
    return at + {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1)}.get(unit, timedelta(days=7))
