"""Why there is no model, or only a rule: stored as a code with numbers, put into words when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def words(problem: Mapping[str, Any] | None) -> str:
    """For people, in the active language; empty where there is no problem."""
    if problem is None:
        return ""
    match problem["code"]:
        case "no_events":
            return _(
                "There are no events of users who may be profiled. Send events with user ids, or import a history."
            )
        case "few_examples":
            text = _(
                "Of the users of the last closed window {left} left and {stayed} stayed. A model needs {needed} of"
                " each: until then a simple rule answers, days of silence."
            )
        case "nobody_active":
            return _("Nobody was active in the days that the definition asks about.")
        case "model_unusable":
            return _("The stored model cannot be used on this server any more. A new one is being trained.")
        case _:
            text = _("The history is too short: a simple rule answers, days of silence.")
    return text.format(**problem)
