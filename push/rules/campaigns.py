"""The states of a campaign and the acts that move it. Pure; docs/push.md draws them.

draft → pending_approval → approved → scheduled → sending → sent
Below the workspace's limit a draft is scheduled directly. Any edit leads back to draft: what was approved is gone.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"
    MISSED = "missed"


class Act(StrEnum):
    """What somebody, or time, does to it."""

    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    START = "start"
    FINISH = "finish"
    STOP = "stop"
    MISS = "miss"
    DELETE = "delete"


_MOVES: dict[Act, dict[State, State]] = {
    Act.EDIT: {
        State.DRAFT: State.DRAFT,
        State.PENDING_APPROVAL: State.DRAFT,
        State.APPROVED: State.DRAFT,
        State.SCHEDULED: State.DRAFT,
        State.MISSED: State.DRAFT,
    },
    Act.SUBMIT: {State.DRAFT: State.PENDING_APPROVAL},
    Act.APPROVE: {State.PENDING_APPROVAL: State.APPROVED},
    Act.RETURN: {State.PENDING_APPROVAL: State.DRAFT, State.APPROVED: State.DRAFT},
    Act.SCHEDULE: {State.DRAFT: State.SCHEDULED, State.APPROVED: State.SCHEDULED},
    Act.UNSCHEDULE: {State.SCHEDULED: State.DRAFT},
    Act.START: {State.SCHEDULED: State.SENDING},
    Act.FINISH: {State.SENDING: State.SENT},
    Act.STOP: {State.SCHEDULED: State.STOPPED, State.SENDING: State.STOPPED},
    Act.MISS: {State.SCHEDULED: State.MISSED},
    Act.DELETE: {State.DRAFT: State.DRAFT},
}


def move(state: State, act: Act) -> State | None:
    """The state after `act`; None when it is not possible from here."""
    return _MOVES[act].get(state)
