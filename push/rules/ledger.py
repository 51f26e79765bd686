"""The life of one device's copy of a message, and the reasons for which it ends early.

Pure. targeted → (waiting →) sending → accepted → arrived → opened; dropped and failed are ends. docs/push.md draws it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    """Where a copy stands."""

    DROPPED = "dropped"  # never given to a channel; the reason says why
    WAITING = "waiting"  # for the end of quiet hours, or for the next attempt
    SENDING = "sending"  # given to a channel, its answer is not known yet
    ACCEPTED = "accepted"  # the channel has taken it
    FAILED = "failed"  # the channel has refused it for good
    ARRIVED = "arrived"
    OPENED = "opened"


OPEN = frozenset({State.WAITING, State.SENDING})


class Reason(StrEnum):
    """Why a copy did not go on. The order of the first four is the order in which they are asked."""

    UNVERIFIED = "unverified"  # the user is only claimed by the device
    NO_CONSENT = "no_consent"  # to marketing
    NO_PROFILING = "no_profiling"  # a prediction needs this consent
    NO_ADDRESS = "no_address"  # no channel reaches the device
    HELD_OUT = "held_out"
    USER_CHANGED = "user_changed"  # somebody else uses the device now
    DEVICE_GONE = "device_gone"
    EXPIRED = "expired"
    STOPPED = "stopped"
    TOKEN_DEAD = "token_dead"  # noqa: S105 a reason, not a secret
    CONFIG_ERROR = "config_error"
    REFUSED = "refused"
    GAVE_UP = "gave_up"  # too many attempts
    QUIET_HOURS = "quiet_hours"  # waiting
    RETRY = "retry"  # waiting


NOT_ELIGIBLE = frozenset({Reason.UNVERIFIED, Reason.NO_CONSENT, Reason.NO_PROFILING, Reason.NO_ADDRESS})

MOST_ATTEMPTS = 6
_LONGEST_WAIT = timedelta(minutes=15)


def delivery_id(message_id: str, device_id: str) -> str:
    """The id that a copy carries to the channel, the same at every attempt: whoever can fold duplicates folds by it.

    A UUID, because APNs takes nothing else (apns-id).
    """
    digest = hashlib.blake2b(f"{message_id}/{device_id}".encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))


def backoff(attempts: int, retry_after: float | None = None) -> timedelta:
    """How long to wait after so many attempts: 15 s, 30 s, 1 min … 15 min, or longer when the channel says so."""
    own = min(timedelta(seconds=15 * 2 ** max(0, attempts - 1)), _LONGEST_WAIT)
    return max(own, timedelta(seconds=min(retry_after or 0, 86_400)))
