"""Who comes back: users by the day, week or month of their first event, and how many of them were there later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from analytics.reports import running
from analytics.reports.asking import Filter, Span, Statement
from analytics.reports.errors import ReportInvalid
from analytics.reports.trend import Unit, after, begin
from analytics.store import EVENTS
from ferry.kernel.identity.models import Workspace

if TYPE_CHECKING:
    import duckdb

MOST_PERIODS = 60


@dataclass(frozen=True, slots=True)
class RetentionQuestion:
    """What is asked. `first` and `then` are event names; empty means any activity.

    A cohort is made of those whose first such event within the span lies in that period: users who were there before
    the span began look new in its first period.
    """

    span: Span
    unit: Unit = Unit.DAY
    first: str = ""
    then: str = ""
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        if self.unit is Unit.HOUR:
            raise ReportInvalid(reason=_("retention is counted by day, week or month"))
        if len(periods(self)) > MOST_PERIODS:
            raise ReportInvalid(reason=_("more than {most} periods; choose a longer unit").format(most=MOST_PERIODS))


@dataclass(frozen=True, slots=True)
class Cohort:
    """`returned[k]` of `size` users did it k periods later; it ends with the span, so later cohorts are shorter."""

    start: date
    size: int
    returned: list[int]


def periods(asked: RetentionQuestion) -> list[date]:
    """The beginnings of the periods of the span."""
    found = [begin(asked.span.first, asked.unit)]
    while (following := after(found[-1], asked.unit)).date() <= asked.span.last:
        found.append(following)
    return [each.date() for each in found]


def retention(workspace: Workspace, host_app_id: str, asked: RetentionQuestion) -> list[Cohort]:
    """Raises NotFound, ReportInvalid, ReportTooHeavy, ReportsBusy."""
    return running.run(workspace, host_app_id, asked.span, lambda connection: answer(connection, asked))


def answer(connection: duckdb.DuckDBPyConnection, asked: RetentionQuestion) -> list[Cohort]:
    """The matrix over the connection's view of events."""
    statement = Statement(asked.span)
    wanted = tuple(dict.fromkeys((asked.first, asked.then)))
    names = () if "" in wanted else wanted
    where = statement.where(asked.filters, statement.named(names))
    begins = f"bool_or(event = {statement.give(asked.first)})" if asked.first else "true"
    returns = f"bool_or(event = {statement.give(asked.then)})" if asked.then else "true"
    sql = f"""
        WITH seen AS (
            SELECT user_key, date_trunc({statement.give(str(asked.unit))}, {statement.local()})::DATE AS period,
                {begins} AS begins, {returns} AS returns
            FROM {EVENTS} WHERE {where} GROUP BY user_key, period
        ),
        cohorts AS (SELECT user_key, min(period) AS start FROM seen WHERE begins GROUP BY user_key)
        SELECT start, period, count(*) FROM seen JOIN cohorts USING (user_key)
        WHERE returns AND period >= start GROUP BY start, period
        UNION ALL
        SELECT start, NULL, count(*) FROM cohorts GROUP BY start
    """  # noqa: S608 from this module's own words
    rows = connection.execute(sql, statement.parameters).fetchall()
    all_periods = periods(asked)
    place = {period: number for number, period in enumerate(all_periods)}
    sizes = {start: users for start, period, users in rows if period is None}
    cohorts = {
        start: Cohort(start, sizes.get(start, 0), [0] * (len(all_periods) - number)) for start, number in place.items()
    }
    for start, period, users in rows:
        if period is not None:
            cohorts[start].returned[place[period] - place[start]] = users
    return list(cohorts.values())
