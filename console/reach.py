"""Counts as lines and charts: how far plan and reality lie apart. Pure; shares are in 1/10,000."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from miniapps.models import Release
from miniapps.releases import WHOLE, Kind, State
from miniapps.selectors import DryRun, Population


@dataclass(frozen=True, slots=True)
class Line:
    """One version among the devices that have the program."""

    code: int
    name: str
    devices: int
    share: float
    is_this: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """The devices of a program by version, beside the plan of one release."""

    lines: list[Line]
    total: int
    measured: float | None  # of the release's version; None while no device has the program
    plan: int


def reached(population: Population, release: Release) -> Reached:
    """The population as lines, the release's version always among them."""
    total = population.devices
    lines = [
        Line(one.code, one.name, one.devices, one.devices / total * WHOLE, one.code == release.version.code)
        for one in population.versions
        if one.devices
    ]
    if total and not any(line.is_this for line in lines):
        lines.insert(0, Line(release.version.code, release.version.name, 0, 0.0, True))
    measured = next((line.share for line in lines if line.is_this), None)
    return Reached(lines, total, measured, plan_now(release))


def summary(population: Population, release: Release) -> dict[str, Any]:
    """Plan and measured share of one release, for a card."""
    now = reached(population, release)
    return {"measured": now.measured, "plan": now.plan, "total": now.total}


def plan_now(release: Release) -> int:
    """The share that the release asks for at the moment: nothing before it starts and after it was stopped."""
    if release.state in (State.RUNNING, State.PAUSED):
        return WHOLE if release.kind == Kind.FULL else release.share
    return WHOLE if release.state == State.COMPLETED and release.kind == Kind.GRAY else 0


def trail(now: Reached) -> dict[str, Any]:
    """One point of the live chart, with its words."""
    return {
        "measured": None if now.measured is None else round(now.measured / 100, 2),
        "plan": now.plan / 100,
        "words": {"measured": _("Measured"), "plan": _("Plan")},
    }


def dry_run_lines(run: DryRun, names: dict[int, str]) -> dict[str, Any]:
    """A dry run as the template shows it."""
    codes = sorted(
        {*run.before, *run.after}, key=lambda code: (code is not None, code if code is not None else 0), reverse=True
    )
    return {
        "total": run.considered,
        "matched": run.reached,
        "share": run.reached / run.considered * WHOLE if run.considered else 0,
        "changed": run.changed,
        "outside": run.outside_range,
        "versions": [
            {
                "name": _("nothing") if code is None else names.get(code, str(code)),
                "before": run.before.get(code, 0),
                "after": run.after.get(code, 0),
            }
            for code in codes
        ],
    }
