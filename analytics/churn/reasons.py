"""Why a user's score is what it is: how it changes when a group of features is set to what is usual. In words.

The change is asked of the very model that scored, so it holds for every kind of candidate alike. It says what the
score rests on, not what caused anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from analytics.churn.candidates import Floats
    from analytics.churn.training import Trained

MOST = 3

# group → the beginnings of its columns' names
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "recency": ("recency", "overdue"),
    "frequency": ("count_", "decay_", "part_"),
    "regularity": ("days_", "density", "gap_"),
    "trend": ("trend_",),
    "variety": ("kinds_",),
    "events": ("event",),
    "tenure": ("tenure",),
    "amount": ("value_",),
    "hours": ("hour_", "weekend_"),
}

# group → (what raises the risk, what lowers it)
WORDS: Final[dict[str, tuple[_StrPromise, _StrPromise]]] = {
    "recency": (_("has been away for longer than usual"), _("was here more recently than usual")),
    "frequency": (_("does less than usual"), _("does more than usual")),
    "regularity": (_("comes less regularly than usual"), _("comes more regularly than usual")),
    "trend": (_("does less and less"), _("does more and more")),
    "variety": (_("uses fewer functions than usual"), _("uses more functions than usual")),
    "events": (_("leaves out functions that those who stay use"), _("uses functions that those who stay use")),
    "tenure": (_("time since the first visit speaks for leaving"), _("time since the first visit speaks for staying")),
    "amount": (_("amounts speak for leaving"), _("amounts speak for staying")),
    "hours": (_("time of day speaks for leaving"), _("time of day speaks for staying")),
}

Reason = tuple[str, int]  # group, points of the score that it adds (below zero: takes away)


def explain(model: Trained, values: Floats, probability: Floats) -> list[list[Reason]]:
    """For each row its at most three strongest reasons, strongest first; effects below half a point are none."""
    import numpy as np  # not at the top: the site shows reasons and should stay light

    used = {group: columns for group in GROUPS if (columns := columns_of(group, model.names))}
    points = np.zeros((len(values), len(used)))
    for place, columns in enumerate(used.values()):
        usual = values.copy()
        usual[:, columns] = model.medians[columns]
        points[:, place] = np.rint((probability - model.score(usual)) * 100)
    order = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :MOST]
    groups = list(used)
    return [
        [(groups[place], int(points[row, place])) for place in places if points[row, place]]
        for row, places in enumerate(order)
    ]


def columns_of(group: str, names: Sequence[str]) -> list[int]:
    """Where the group's features stand."""
    return [place for place, name in enumerate(names) if name.startswith(GROUPS[group])]


def word(reason: Sequence[object]) -> str:
    """One stored reason for people, in the active language; a group that this release does not know gives its name."""
    group, points = str(reason[0]), int(str(reason[1]))
    words = WORDS.get(group)
    return group if words is None else str(words[0] if points > 0 else words[1])
