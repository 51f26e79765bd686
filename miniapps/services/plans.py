"""The people of a release plan, as a release stores them: checked, with long lists stored as sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferry.kernel.publishing.services import store_set
from miniapps.plans import check_plan
from miniapps.releases import ReleasePlan

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


@dataclass(frozen=True, slots=True)
class Audience:
    """The people of a plan as a release stores them. Sets are addresses of stored lists, empty for none."""

    conditions: list[dict[str, Any]] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    users_set: str = ""
    users_count: int = 0
    devices_set: str = ""
    devices_count: int = 0


def checked_audience(workspace: Workspace, plan: ReleasePlan) -> Audience:
    """Check the plan and store its lists. Before `publishing()`, for a list may be long. Raises PlanInvalid."""
    check_plan(workspace, plan)
    users, devices = _ids(plan.users), _ids(plan.devices)
    return Audience(
        conditions=[dict(condition) for condition in plan.conditions],
        segments=list(dict.fromkeys(plan.segments)),
        users_set=store_set(users) if users else "",
        users_count=len(users),
        devices_set=store_set(devices) if devices else "",
        devices_count=len(devices),
    )


def _ids(values: Iterable[str]) -> set[str]:
    return {value.strip() for value in values} - {""}
