"""What a rule says about itself: which check passed or failed, on what value, in words an operator can read.

A Reason is data (code and params) with an English sentence; pages pass `gettext` and get theirs. No reason decides
anything: it is told the outcome of the very closure that decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Translate = Callable[[str], str]


def gettext_noop(sentence: str) -> str:
    """Marks a sentence for makemessages; this package knows no Django."""
    return sentence


_SENTENCES: Final[Mapping[str, str]] = {
    "everyone": gettext_noop("The rule is for everyone."),
    "nobody": gettext_noop("The rule names nobody."),
    "malformed": gettext_noop("A part of the rule cannot be read ({part}), so it matches nobody."),
    "started": gettext_noop("It has been open since {at}."),
    "not_started": gettext_noop("It opens at {at}."),
    "not_ended": gettext_noop("It is open until {at}."),
    "ended": gettext_noop("It ended at {at}."),
    "host_inside": gettext_noop("Host app {version} on {platform} is within {range}."),
    "host_outside": gettext_noop("Host app {version} on {platform} is outside {range}."),
    "host_platform": gettext_noop("It is not offered on the platform “{platform}”."),
    "holds": gettext_noop("{field} is “{actual}”, as asked: {wanted}."),
    "fails": gettext_noop("{field} is “{actual}”, but the rule asks: {wanted}."),
    "holds_missing": gettext_noop("{field} is not known; the rule asks: {wanted}, which then holds."),
    "fails_missing": gettext_noop("{field} is not known; the rule asks: {wanted}."),
    "holds_claimed": gettext_noop("{field} is claimed but not verified, so it does not count; {wanted} then holds."),
    "fails_claimed": gettext_noop("{field} is claimed but not verified, so it does not count; asked: {wanted}."),
    "segment_missing": gettext_noop("Segment {segment} does not exist, so this part matches nobody."),
    "set_missing": gettext_noop("The list {set} is not available, so this part matches nobody."),
    "listed": gettext_noop("{field} “{actual}” is on the list."),
    "not_listed": gettext_noop("{field} “{actual}” is not on the list."),
    "listed_unknown": gettext_noop("{field} is not known, so it cannot be on the list."),
    "listed_claimed": gettext_noop("{field} is claimed but not verified, so the list does not count."),
    "invited": gettext_noop("The device shows the invitation {invitation}, which holds until {at}."),
    "not_invited": gettext_noop("The device has not shown the invitation {invitation}."),
    "invitation_ended": gettext_noop("The invitation {invitation} ended at {at}."),
    "in_share": gettext_noop("Bucket {bucket} of 10000, drawn by {stickiness}, is within the share of {percent} %."),
    "above_share": gettext_noop("Bucket {bucket} of 10000, drawn by {stickiness}, is above the share of {percent} %."),
    "no_identity": gettext_noop("There is no {stickiness} to draw a bucket from, so no share contains it."),
}
_WORDS: Final[Mapping[str, str]] = {
    "IN": gettext_noop("one of {values}"),
    "NOT_IN": gettext_noop("none of {values}"),
    "IN_SET": gettext_noop("on the list {values}"),
    "STR_STARTS_WITH": gettext_noop("starts with {values}"),
    "STR_ENDS_WITH": gettext_noop("ends with {values}"),
    "STR_CONTAINS": gettext_noop("contains {values}"),
    "NUM_EQ": gettext_noop("equals {values}"),
    "NUM_GT": gettext_noop("more than {values}"),
    "NUM_GTE": gettext_noop("at least {values}"),
    "NUM_LT": gettext_noop("less than {values}"),
    "NUM_LTE": gettext_noop("at most {values}"),
    "DATE_AFTER": gettext_noop("after {values}"),
    "DATE_BEFORE": gettext_noop("before {values}"),
    "SEMVER_EQ": gettext_noop("version {values}"),
    "SEMVER_GT": gettext_noop("a version above {values}"),
    "SEMVER_GTE": gettext_noop("version {values} or above"),
    "SEMVER_LT": gettext_noop("a version below {values}"),
    "SEMVER_LTE": gettext_noop("version {values} or below"),
}
_LOOSE = {operator.replace("SEMVER_", "VERSION_"): words for operator, words in _WORDS.items() if "SEMVER_" in operator}
_WANTED: Final[Mapping[str, str]] = {**_WORDS, **_LOOSE}
_NOT = gettext_noop("not: {wanted}")
_IN_SEGMENT = gettext_noop("Segment {segment}: {sentence}")
_MANY = gettext_noop("{values} and {more} more")

MAX_SHOWN: Final = 5
"""Values of a constraint that a sentence shows; a list of a thousand helps nobody."""


@dataclass(frozen=True, slots=True)
class Reason:
    """The outcome of one check."""

    code: str
    passed: bool
    params: Mapping[str, Any]

    def text(self, translate: Translate = str) -> str:
        """The sentence, in the language of `translate` (Django's gettext, say)."""
        params = dict(self.params)
        if "operator" in params:
            params["wanted"] = _wanted(params, translate)
        sentence = translate(_SENTENCES[self.code]).format(**params)
        if self.code != "segment_missing" and params.get("segment"):
            sentence = translate(_IN_SEGMENT).format(segment=params["segment"], sentence=sentence)
        return sentence

    def as_json(self, translate: Translate = str) -> dict[str, Any]:
        """For an API: code and params for programs, text for people."""
        return {"code": self.code, "passed": self.passed, "text": self.text(translate), "params": dict(self.params)}


def _wanted(params: Mapping[str, Any], translate: Translate) -> str:
    values = ", ".join(str(value) for value in params["values"][:MAX_SHOWN])
    if len(params["values"]) > MAX_SHOWN:
        values = translate(_MANY).format(values=values, more=len(params["values"]) - MAX_SHOWN)
    wanted = translate(_WANTED[params["operator"]]).format(values=values)
    return translate(_NOT).format(wanted=wanted) if params["inverted"] else wanted


@dataclass(frozen=True, slots=True)
class StrategyReasons:
    """One way into the rule: all of its checks have to pass."""

    number: int
    passed: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a rule matches this context, or why not.

    It matches when everything in `common` passes (dates, host app) and at least one strategy does.
    """

    matched: bool
    common: tuple[Reason, ...]
    strategies: tuple[StrategyReasons, ...]

    def deciding(self) -> tuple[Reason, ...]:
        """The shortest honest answer: what let it in, or everything that kept it out."""
        shut = tuple(reason for reason in self.common if not reason.passed)
        if shut:
            return shut
        if self.matched:
            first = next((strategy for strategy in self.strategies if strategy.passed), None)
            return self.common + (first.reasons if first else ())
        return tuple(reason for strategy in self.strategies for reason in strategy.reasons if not reason.passed)

    def lines(self, translate: Translate = str) -> list[str]:
        """The deciding reasons as sentences."""
        return [reason.text(translate) for reason in self.deciding()]

    def as_json(self, translate: Translate = str) -> dict[str, Any]:
        """Every check with its outcome, for an API or a page that shows the whole rule."""
        return {
            "matched": self.matched,
            "summary": self.lines(translate),
            "common": _all_json(self.common, translate),
            "strategies": [
                {"number": one.number, "passed": one.passed, "reasons": _all_json(one.reasons, translate)}
                for one in self.strategies
            ],
        }


def _all_json(reasons: Sequence[Reason], translate: Translate) -> list[dict[str, Any]]:
    return [reason.as_json(translate) for reason in reasons]
