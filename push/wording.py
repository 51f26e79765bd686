"""The states and acts of a campaign as a person reads them in a refusal."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from push.errors import CampaignMoveNotAllowed
from push.rules.campaigns import Act, State

STATES: Mapping[State, str | Promise] = {
    State.DRAFT: _("a draft"),
    State.PENDING_APPROVAL: _("waiting for approval"),
    State.APPROVED: _("approved"),
    State.SCHEDULED: _("scheduled"),
    State.SENDING: _("being sent"),
    State.SENT: _("sent"),
    State.STOPPED: _("stopped"),
    State.MISSED: _("missed"),
}
ACTS: Mapping[Act, str | Promise] = {
    Act.EDIT: _("editing"),
    Act.SUBMIT: _("submitting"),
    Act.APPROVE: _("approving"),
    Act.RETURN: _("returning"),
    Act.SCHEDULE: _("scheduling"),
    Act.UNSCHEDULE: _("taking it off the schedule"),
    Act.START: _("starting"),
    Act.FINISH: _("finishing"),
    Act.STOP: _("stopping"),
    Act.MISS: _("missing its time"),
    Act.DELETE: _("deleting"),
}


def not_allowed(state: str, act: Act) -> CampaignMoveNotAllowed:
    """The refusal of this act, for programs and for people."""
    words = {"state_words": str(STATES[State(state)]), "act_words": str(ACTS[act])}
    return CampaignMoveNotAllowed(state=state, act=act.value, **words)
