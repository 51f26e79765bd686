"""Reports as lines, bars and tables of a page. Pure but for the words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analytics.churn.models import ChurnModel
from analytics.reports.active import ActiveDay
from analytics.reports.funnel import Funnel
from analytics.reports.health import Health, VersionHealth
from analytics.reports.retention import Cohort
from analytics.reports.timeline import Happening
from analytics.reports.trend import Series, Trend
from analytics.store import Refused
from ferry.journal.selectors import Accounting

WHOLE = 10_000
SAMPLES = 3  # rejected records that are shown of each reason
LONGEST_SAMPLE = 400


def trend_lines(trend: Trend, unit: str) -> dict[str, Any]:
    """The chart and the totals of a trend."""
    shape = "m-d H:i" if unit == "hour" else "Y-m" if unit == "month" else "m-d"
    names = [_name(series) for series in trend.series]
    chart = {
        "empty": not any(series.total for series in trend.series),
        "labels": [date_format(at, shape) for at in trend.times],
        "series": [{"name": name, "values": one.points} for name, one in zip(names, trend.series, strict=True)],
    }
    total = sum(series.total for series in trend.series)
    totals = [(name, one.total, share_of(one.total, total)) for name, one in zip(names, trend.series, strict=True)]
    return {"chart": chart, "totals": totals}


def _name(series: Series) -> str:
    if series.other:
        return _("others")
    return _("all") if series.value is None else series.value


def active_lines(days: Sequence[ActiveDay]) -> dict[str, Any]:
    """The chart and the newest day's figures. Stickiness: how much of a month's users come on a day."""
    words = ((_("of the day"), "daily"), (_("of 7 days"), "weekly"), (_("of 30 days"), "monthly"))
    chart = {
        "empty": not any(day.monthly for day in days),
        "labels": [date_format(day.day, "m-d") for day in days],
        "series": [{"name": word, "values": [getattr(day, name) for day in days]} for word, name in words],
    }
    newest = days[-1] if days else None
    sticky = newest.daily / newest.monthly if newest and newest.monthly else None
    return {"chart": chart, "newest": newest, "sticky": sticky}


def funnel_lines(funnel: Funnel) -> dict[str, Any]:
    """The steps as bars, and each value of the breakdown as a row."""
    first = funnel.users[0] if funnel.users else 0
    steps = [
        {
            "name": name,
            "users": users,
            "share": share_of(users, first),
            "of_last": share_of(users, funnel.users[place - 1]) if place and funnel.users[place - 1] else None,
            "seconds": funnel.seconds[place] if place else None,
        }
        for place, (name, users) in enumerate(zip(funnel.steps, funnel.users, strict=True))
    ]
    groups = [
        {
            "name": _("others") if group.other else _("without") if group.value is None else group.value,
            "users": group.users,
            "share": share_of(group.users[-1], group.users[0]),
        }
        for group in funnel.groups
    ]
    return {"steps": steps, "groups": groups}


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell of the retention matrix: users, their share of the cohort, one of ten depths of colour (0: nobody)."""

    users: int
    share: float
    heat: int


def retention_rows(cohorts: Sequence[Cohort]) -> dict[str, Any]:
    """The matrix as rows of cells, with the average of each column over the cohorts that have it, by size."""
    columns = max((len(cohort.returned) for cohort in cohorts), default=0)
    rows = [
        {
            "start": cohort.start,
            "size": cohort.size,
            "cells": [_cell(users, cohort.size) for users in cohort.returned],
            "later": range(columns - len(cohort.returned)),
        }
        for cohort in cohorts
    ]
    averages = []
    for column in range(columns):
        had = [cohort for cohort in cohorts if len(cohort.returned) > column]
        averages.append(_cell(sum(one.returned[column] for one in had), sum(one.size for one in had)))
    return {"rows": rows, "columns": range(columns), "averages": averages, "people": sum(one.size for one in cohorts)}


def _cell(users: int, size: int) -> HeatCell:
    return HeatCell(users, share_of(users, size), min(10, ceil(users / size * 10)) if size else 0)


def by_day(happenings: Iterable[Happening]) -> list[tuple[date, list[Happening]]]:
    """A timeline under its days (UTC), as it came: newest first."""
    days: list[tuple[date, list[Happening]]] = []
    for one in happenings:
        day = one.ts.date()
        if not days or days[-1][0] != day:
            days.append((day, []))
        days[-1][1].append(one)
    return days


def sums(accounting: Accounting) -> dict[str, Any]:
    """A day's counts by kind and in all."""
    names = ("received", "stored", "duplicate", "rejected", "pending")
    total = {name: sum(getattr(kind, name) for kind in accounting.kinds) for name in names}
    return {"kinds": accounting.kinds, "total": total, "complete": accounting.complete}


def reasons(refused: Iterable[Refused]) -> list[dict[str, Any]]:
    """Rejected records by kind and reason, the most frequent first, with a few to look at."""
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], list[str]] = {}
    for one in refused:
        key = one.kind, one.reason
        counts[key] += 1
        if one.payload and len(samples.setdefault(key, [])) < SAMPLES:
            samples[key].append(one.payload[:LONGEST_SAMPLE])
    return [
        {"kind": kind, "reason": reason, "count": number, "samples": samples.get((kind, reason), [])}
        for (kind, reason), number in counts.most_common()
    ]


def health_rows(
    health: dict[int, VersionHealth], names: dict[int, str], code: int, beside: int | None
) -> dict[str, Any]:
    """The release's version beside the one before it: whole, by platform, and by system where errors were heard."""
    new = health.get(code, VersionHealth())
    old = health.get(beside, VersionHealth()) if beside is not None else None
    parts: list[dict[str, Any]] = []
    for platform in sorted({*new.by_platform, *(old.by_platform if old else ())}):
        before = old.by_platform.get(platform) if old else None
        parts.append({"platform": platform, "os": "", **_beside(new.by_platform.get(platform), before)})
        systems = {key for side in (new, old) if side for key in side.by_os if key[0] == platform}
        for key in sorted(systems, key=lambda one: one[1]):
            now, then = new.by_os.get(key), old.by_os.get(key) if old else None
            if (now and now.errors) or (then and then.errors):
                parts.append({"platform": platform, "os": key[1], **_beside(now, then)})
    return {
        "whole": _beside(new, old),
        "parts": parts,
        "new_name": names.get(code, str(code)),
        "old_name": names.get(beside, str(beside)) if beside is not None else "",
        "heard": bool(new.opens or new.errors or (old and (old.opens or old.errors))),
    }


def _beside(new: Health | None, old: Health | None) -> dict[str, Any]:
    now = new or Health()
    before = old.errors_per_open if old else None
    rate = now.errors_per_open
    return {"new": now, "old": old, "worse": rate is not None and before is not None and rate > before}


def quality_rows(model: ChurnModel) -> list[dict[str, Any]]:
    """The model and the baselines of the same run, one row each; nothing where there was no exam."""
    if not model.quality:
        return []
    rows = [{"name": model.name, "chosen": True, **model.quality}]
    return rows + [
        {"name": name, "chosen": False, **quality} for name, quality in model.baselines.items() if name != model.name
    ]


def histogram(counts: Sequence[int]) -> dict[str, Any]:
    """Users by score as bars."""
    labels = [f"{start}–{start + 9 if start < 90 else 100}" for start in range(0, 100, 10)]
    return {
        "empty": not any(counts),
        "labels": labels[: len(counts)],
        "series": [{"name": _("Users"), "values": list(counts)}],
    }


def share_of(part: int, whole: int) -> float:
    """In 1/10,000; nothing of nothing is nothing."""
    return part / whole * WHOLE if whole else 0.0


def local(at: datetime) -> str:
    """A moment for a table of live events."""
    return date_format(at, "H:i:s")
