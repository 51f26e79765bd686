"""What an answer of APNs means. Pure.

A token is the last thing to blame: "bad device token" is also what every token of the wrong environment gets, and a
whole audience would be deleted for one wrong setting. So such answers are suspects first, and the breaker decides.
"""

from __future__ import annotations

from enum import Enum, auto

MOST_SUSPECTS = 0.2  # share of the devices seen under one account; above it the account is to blame
_FEW = 3  # suspects that are believed even where few devices were seen
_REMEMBERED = 5_000


class Meaning(Enum):
    """Of one answer."""

    OK = auto()
    GONE = auto()  # the token was valid once and is not any more, since a moment that the answer names
    SUSPECT = auto()  # the token, or the account's environment or topic
    MISCONFIGURED = auto()
    STALE_JWT = auto()
    BUSY = auto()
    AGAIN = auto()
    REFUSED = auto()  # this notification, for good


_BY_REASON = {
    "BadDeviceToken": Meaning.SUSPECT,
    "DeviceTokenNotForTopic": Meaning.SUSPECT,
    "TopicDisallowed": Meaning.MISCONFIGURED,
    "BadTopic": Meaning.MISCONFIGURED,
    "MissingTopic": Meaning.MISCONFIGURED,
    "BadPath": Meaning.MISCONFIGURED,
    "ExpiredProviderToken": Meaning.STALE_JWT,
    "IdleTimeout": Meaning.AGAIN,
    "Unregistered": Meaning.GONE,
    "ExpiredToken": Meaning.GONE,
}
_BY_STATUS = {
    200: Meaning.OK,
    403: Meaning.MISCONFIGURED,
    404: Meaning.MISCONFIGURED,
    405: Meaning.MISCONFIGURED,
    410: Meaning.GONE,
    429: Meaning.BUSY,
    500: Meaning.AGAIN,
    503: Meaning.BUSY,
}


def meaning(status: int, reason: str) -> Meaning:
    """By the reason where it is known, else by the status. Nothing (0) and unknown 5xx are tried again."""
    if status == 200:
        return Meaning.OK
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Meaning.AGAIN if status == 0 or status >= 500 else Meaning.REFUSED


def halts(found: Meaning, reason: str) -> bool:
    """Whether the rest of the batch would fare the same, so that it is not sent now.

    Too many for one device says nothing about the others.
    """
    if found is Meaning.BUSY:
        return reason != "TooManyRequests"
    return found in (Meaning.MISCONFIGURED, Meaning.STALE_JWT)


class Breaker:
    """Decides, for one account as it is set now, whether suspects are dead tokens or a wrong setting."""

    def __init__(self) -> None:
        self._good = 0
        self._suspects: set[str] = set()

    def blames_tokens(self, good: int, suspects: set[str]) -> bool:
        """Take in a batch: how many tokens were right, which devices are suspect. True: the suspects' tokens are dead.

        As long as no token has been right, nothing proves the setting; after that, few suspects are tokens that are
        wrong by themselves.
        """
        if self._good + len(self._suspects) > _REMEMBERED:
            self._good //= 2
            self._suspects.clear()
        self._good += good
        self._suspects |= suspects
        seen = self._good + len(self._suspects)
        return self._good > 0 and len(self._suspects) <= max(_FEW, MOST_SUSPECTS * seen)
