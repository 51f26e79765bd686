"""What leaving means for one app, and how much history an honest answer needs. Pure: dates and words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

# What the platform does to a user is no sign of life of his. Names of Segment's specification, and the usual ones.
NEVER_ACTIVITY = ("Push Notification Received", "Push Notification Bounced", "push_received", "push_arrived")

# Below this a model is not trained: the recency rule answers and says so (GA4 asks the same of its own).
FLOOR = 1000
# Below this not even the recency rule is fitted: silence orders the users, without a probability that means anything.
RULE_FLOOR = 50

SNAPSHOTS = 6
MOST_EVENTS = 50


class DefinitionInvalid(ValueError):
    """A definition that cannot be asked; the message is for people."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A user has left who does nothing for `inactive_days`; asked of users active in the last `active_days`.

    `activity_events` names the events that count as being there; empty means all of them. A received push is never
    activity, whatever it says.
    """

    inactive_days: int = 7
    active_days: int = 7
    activity_events: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.inactive_days <= 365:
            raise DefinitionInvalid(_("inactive_days is a whole number from 1 to 365"))
        if not 1 <= self.active_days <= 730:
            raise DefinitionInvalid(_("active_days is a whole number from 1 to 730"))
        if len(self.activity_events) > MOST_EVENTS:
            raise DefinitionInvalid(_("at most {most} events can count as activity").format(most=MOST_EVENTS))
        for event in self.activity_events:
            if event in NEVER_ACTIVITY:
                raise DefinitionInvalid(
                    _("“{event}” is something the platform does: it cannot count as activity").format(event=event)
                )

    def as_json(self) -> dict[str, Any]:
        """As it is stored with a model."""
        return {
            "inactive_days": self.inactive_days,
            "active_days": self.active_days,
            "activity_events": list(self.activity_events),
        }


def training_snapshots(definition: Definition, *, first_day: date, as_of: date) -> list[date]:
    """The days to learn from when predicting at `as_of`, newest first; empty where the log is too short.

    Each label window [s, s + N) is closed before `as_of` (no leakage) and each snapshot has at least N days of history
    before it. They stand N / 3 apart, so that one week's accident does not teach alone.
    """
    window = timedelta(days=definition.inactive_days)
    step = timedelta(days=max(1, definition.inactive_days // 3))
    found: list[date] = []
    day = as_of - window
    while len(found) < SNAPSHOTS and day - window >= first_day:
        found.append(day)
        day -= step
    return found
