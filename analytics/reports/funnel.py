"""How many users went through steps in order, within a time after the first, and where the others stayed.

DuckDB filters and sorts; the walk through the steps is a pass over arrays, one per step: SQL needs a join or a window
for each step, which took three to nine times as long on twenty million events.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from analytics.reports import running
from analytics.reports.asking import Filter, Span, Statement
from analytics.reports.errors import ReportInvalid
from analytics.store import EVENTS
from ferry.kernel.identity.models import Workspace

if TYPE_CHECKING:
    import duckdb

FEWEST_STEPS, MOST_STEPS = 2, 12
LONGEST_WINDOW = timedelta(days=90)
MOST_GROUPS = 25


@dataclass(frozen=True, slots=True)
class FunnelQuestion:
    """What is asked. The first step lies in the span; the later ones too, so the last days are still young."""

    span: Span
    steps: tuple[str, ...]  # event names; the same one may stand twice
    window: timedelta = timedelta(days=1)  # from the first step to the last
    breakdown: str = ""  # a field of the first step's event
    top: int = 10
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        if not FEWEST_STEPS <= len(self.steps) <= MOST_STEPS:
            raise ReportInvalid(
                reason=_("a funnel has {fewest} to {most} steps").format(fewest=FEWEST_STEPS, most=MOST_STEPS)
            )
        if not timedelta(0) < self.window <= LONGEST_WINDOW:
            raise ReportInvalid(
                reason=_("the window is longer than nothing and at most {days} days").format(days=LONGEST_WINDOW.days)
            )
        if not 1 <= self.top <= MOST_GROUPS:
            raise ReportInvalid(reason=_("at most {most} values of the breakdown").format(most=MOST_GROUPS))


@dataclass(frozen=True, slots=True)
class Group:
    """The users whose first step had this value. `users[k]` got at least to step k."""

    value: str | None
    other: bool
    users: list[int]


@dataclass(frozen=True, slots=True)
class Funnel:
    """`users[k]`: how many got at least to step k. `seconds[k]`: the median time from the first step to step k."""

    steps: tuple[str, ...]
    users: list[int]
    seconds: list[float | None]
    groups: list[Group]  # empty without a breakdown


def funnel(workspace: Workspace, host_app_id: str, asked: FunnelQuestion) -> Funnel:
    """Raises NotFound, ReportInvalid, ReportTooHeavy, ReportsBusy."""
    return running.run(workspace, host_app_id, asked.span, lambda connection: answer(connection, asked))


def answer(connection: duckdb.DuckDBPyConnection, asked: FunnelQuestion) -> Funnel:
    """The funnel over the connection's view of events."""
    from analytics.reports.walking import plain, reached, walk  # here: numpy is for processes that make reports

    names = list(dict.fromkeys(asked.steps))
    values = _top_values(connection, asked) if asked.breakdown else []
    statement = Statement(asked.span)
    events = f"{statement.give(names)}::VARCHAR[]"
    where = statement.where(asked.filters, f"event IN (SELECT unnest({events}))")
    value = grouped = ""
    if asked.breakdown:
        # only the first step's value is asked for, so only there it is looked up
        first = statement.give(asked.steps[0])
        value = f", if(event = {first}, {statement.field(asked.breakdown)}, NULL) AS value"
        given = f"{statement.give(values)}::VARCHAR[]"
        # 0: without the field; 1…: a top value; last: any other value
        grouped = (
            f", if(value IS NULL, 0, coalesce(list_position({given}, value), {len(values) + 1}))::INTEGER AS grouped"
        )
    columns = connection.execute(
        f"""
        SELECT user_key, happened, code{grouped} FROM (
            SELECT user_key, epoch_ms(ts) AS happened, list_position({events}, event)::INTEGER - 1 AS code{value}
            FROM {EVENTS} WHERE {where}
        ) ORDER BY user_key, happened, code
        """,  # noqa: S608 from this module's own words
        statement.parameters,
    ).fetchnumpy()
    codes = [names.index(step) for step in asked.steps]
    window_ms = int(asked.window.total_seconds() * 1000)
    came = walk(
        user=plain(columns["user_key"]),
        at=plain(columns["happened"]),
        code=plain(columns["code"]),
        grouped=plain(columns["grouped"]) if asked.breakdown else None,
        steps=codes,
        window_ms=window_ms,
    )
    groups: list[Group] = []
    if asked.breakdown:
        labels: list[tuple[str | None, bool]] = [(None, False), *((value, False) for value in values), (None, True)]
        for number, (label, other) in enumerate(labels):
            users = reached(came.depth[came.group == number], len(codes))
            if users[0]:
                groups.append(Group(label, other, users))
        groups.sort(key=lambda each: (each.other, each.value is None, -each.users[0], each.value or ""))
    return Funnel(asked.steps, reached(came.depth, len(codes)), came.seconds, groups)


def _top_values(connection: duckdb.DuckDBPyConnection, asked: FunnelQuestion) -> list[str]:
    """The values of the breakdown that most users begin with."""
    statement = Statement(asked.span)
    field = statement.field(asked.breakdown)
    where = statement.where(asked.filters, f"event = {statement.give(asked.steps[0])}")
    rows = connection.execute(
        f"""
        SELECT {field} AS value FROM {EVENTS} WHERE {where} AND {field} IS NOT NULL
        GROUP BY value ORDER BY count(DISTINCT user_key) DESC, value LIMIT {statement.give(asked.top)}
        """,  # noqa: S608 from this module's own words
        statement.parameters,
    ).fetchall()
    return [row[0] for row in rows]
