"""What became of a campaign, as lines: the funnel, the reasons of drops, both arms with the interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from push import selectors
from push.models import Campaign
from push.rules.campaigns import State
from push.selectors.effect import Measured
from push.selectors.funnel import Funnel

STAGES = ("targeted", "eligible", "sent", "accepted", "arrived", "opened")
BEGUN = (State.SENDING, State.SENT, State.STOPPED)
WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the funnel: devices, their share of the first stage and of the one before, in 1/10,000."""

    name: str
    devices: int
    share: float
    of_last: float | None


def campaign(row: Campaign) -> dict[str, Any]:
    """What the live part of a campaign's page shows; nothing before it has begun."""
    if row.state not in BEGUN:
        return {"campaign": row, "begun": False}
    funnel = selectors.campaign_funnel(row)
    measured = selectors.campaign_effect(row)
    going = row.state == State.SENDING or not funnel.finished or not measured.complete
    drops = sorted(funnel.drops.items(), key=lambda drop: -drop[1])
    return {
        "campaign": row,
        "begun": True,
        "funnel": funnel,
        "stages": stages(funnel),
        "drops": [(reason, count, share_of(count, funnel.targeted)) for reason, count in drops],
        "measured": measured,
        "arms": arms(measured),
        "interval": interval(measured),
        "going": going,
    }


def stages(funnel: Funnel) -> list[Stage]:
    """The funnel from top to bottom."""
    found: list[Stage] = []
    for name in STAGES:
        devices = getattr(funnel, name)
        last = found[-1].devices if found else None
        found.append(
            Stage(name, devices, share_of(devices, funnel.targeted), share_of(devices, last) if last else None)
        )
    return found


def arms(measured: Measured) -> list[dict[str, Any]]:
    """Both arms, the rate as a bar."""
    both = (("treated", measured.treated), ("held_out", measured.held_out))
    return [
        {"name": name, "people": arm.people, "returned": arm.returned, "share": arm.rate * WHOLE} for name, arm in both
    ]


def interval(measured: Measured) -> dict[str, Any] | None:
    """The difference in percentage points, and where its interval lies on a scale that holds zero."""
    effect = measured.effect
    if effect is None:
        return None
    reach = max(abs(effect.low), abs(effect.high), 0.01) * 1.15
    place = {name: (getattr(effect, name) + reach) / (2 * reach) * 100 for name in ("low", "high", "difference")}
    return {
        "low": f"{place['low']:.2f}%",
        "width": f"{max(place['high'] - place['low'], 0.5):.2f}%",
        "middle": f"{place['difference']:.2f}%",
        "points": points(effect.difference),
        "points_low": points(effect.low),
        "points_high": points(effect.high),
        "level": round(effect.level * 100),
        "clear": effect.clear,
        "up": effect.difference > 0,
    }


def points(difference: float) -> str:
    """A difference of rates in percentage points, with its sign."""
    return f"{difference * 100:+.1f}".replace("-", "−")


def share_of(part: int, whole: int) -> float:
    """In 1/10,000; nothing of nothing is nothing."""
    return part / whole * WHOLE if whole else 0.0
