"""Why an event is not stored. The codes stand in answers, in the quarantine and in docs/events.md. Pure."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One code for each thing that a sender can do something about."""

    WRONG_TYPE = "wrong_type"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    UNKNOWN_TYPE = "unknown_type"
    NO_NAME = "no_name"
    NO_IDENTITY = "no_identity"
    TOO_LARGE = "event_too_large"
    TOO_MANY = "too_many_events"
    NUL = "nul_character"
    TIME_INVALID = "time_invalid"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BEHIND = "clock_behind"
    NO_CONSENT = "no_consent"


MESSAGES: dict[Reason, str] = {
    Reason.WRONG_TYPE: "A field has the wrong type or is too long",
    Reason.NOT_JSON: "The event is not JSON",
    Reason.TOO_DEEP: "The event is nested too deeply.",
    Reason.UNKNOWN_TYPE: "“type” is none of track, page, screen, identify, group, alias.",
    Reason.NO_NAME: "A track event needs a name in “event”, 1 to 200 characters.",
    Reason.NO_IDENTITY: "Name who it was: “userId” or “anonymousId”.",
    Reason.TOO_LARGE: "The event is larger than 32 KB.",
    Reason.TOO_MANY: "A batch holds at most 2,500 events; the rest was not read.",
    Reason.NUL: "The character U+0000 is not allowed.",
    Reason.TIME_INVALID: "“timestamp” and “sentAt” are ISO 8601 texts, for example 2026-11-22T08:00:00Z.",
    Reason.CLOCK_AHEAD: "It happened more than a day after it was sent: the clock is wrong.",
    Reason.CLOCK_BEHIND: "It happened more than 90 days before it was sent: the clock is wrong, or it is too late.",
    Reason.NO_CONSENT: "The user has not agreed to analytics.",
}
