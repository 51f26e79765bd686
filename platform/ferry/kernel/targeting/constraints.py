"""One constraint: a field of the context, an operator, and what it is compared with (Unleash v6.1.0).

Compiling turns it into one closure. A constraint that cannot be read (unknown operator, a limit that is no number)
matches nobody, inverted or not. A value of the context that cannot be read fails the operator, and `inverted` then
turns that round, as in every Unleash client.
"""

from __future__ import annotations

import math
import operator as compare
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ferry.kernel.targeting.context import Context, claimed, text, value_of
from ferry.kernel.targeting.reasons import Reason
from ferry.kernel.targeting.versions import semver_key, version_key

Test = Callable[[Context], bool]
Compare = Callable[[Any, Any], bool]
NOW: Final = "currentTime"
NO_SETS: Final[Mapping[str, Collection[str]]] = MappingProxyType({})


class Listed(NamedTuple):
    """The check asks for nothing but a place on a list."""

    field: int  # of Context.known
    members: Collection[str]  # without ""


class Cohort(NamedTuple):
    """The check asks for nothing but a bucket within a share."""

    field: int  # of Context.drawn
    prefix: bytes  # "group:"
    share: int  # 1/10,000


@dataclass(frozen=True, slots=True)
class Check:
    """One closure that decides, one that puts its decision into words, and when time alone may change it.

    An edge is the first moment of the new answer: `bisect_right(edges, now)` numbers the windows between them. `flat`
    says the same as `test` in the form that decision.decide asks without a call, where there is such a form.
    """

    test: Test
    describe: Callable[[Context, bool], Reason]
    edges: tuple[float, ...] = ()
    flat: Listed | Cohort | None = None

    def explain(self, context: Context) -> Reason:
        return self.describe(context, self.test(context))


def never(code: str, **params: Any) -> Check:
    """A check that nobody passes, and why."""
    return Check(lambda context: False, lambda context, passed: Reason(code, passed, params))


def compile_constraint(constraint: Any, *, segment: str = "", sets: Mapping[str, Collection[str]] = NO_SETS) -> Check:
    """The constraint as a check. Never raises, whatever it is given."""
    if not isinstance(constraint, Mapping) or not isinstance(constraint.get("contextName"), str):
        return never("malformed", part="constraint", segment=segment)
    name, operator = constraint["contextName"], constraint.get("operator")
    shown = _shown(constraint)
    if operator == "IN_SET":
        if not isinstance(constraint.get("set"), str) or constraint["set"] not in sets:
            return never("set_missing", set=text(constraint.get("set")), segment=segment)
        members = sets[constraint["set"]]
        found: Test | None = _in(value_of(name), members) if name != NOW else None
        edges: tuple[float, ...] = ()
    else:
        found, edges = _compile(name, operator, constraint)
    if found is None:
        return never("malformed", part=f"{name} {text(operator)}", segment=segment)
    inverted = constraint.get("inverted") is True
    test = _inverted(found) if inverted else found
    params = {"field": name, "operator": operator, "values": shown, "inverted": inverted, "segment": segment}
    return Check(test, _describe(name, params), edges)


def _shown(constraint: Mapping[str, Any]) -> list[str]:
    values = constraint.get("values")
    if isinstance(values, list) and values:
        return [text(value) for value in values]
    return [text(constraint.get("value", constraint.get("set", "")))]


def _describe(name: str, params: dict[str, Any]) -> Callable[[Context, bool], Reason]:
    read = _moment if name == NOW else value_of(name)

    def describe(context: Context, passed: bool) -> Reason:
        actual = read(context)
        suffix = "" if actual else "_claimed" if claimed(name, context) else "_missing"
        return Reason(("holds" if passed else "fails") + suffix, passed, {**params, "actual": actual})

    return describe


def _moment(context: Context) -> str:
    return show_time(context.now)


def show_time(moment: float) -> str:
    """A time for people: UTC, to the second."""
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(moment)


def _compile(name: str, operator: Any, constraint: Mapping[str, Any]) -> tuple[Test | None, tuple[float, ...]]:
    if not isinstance(operator, str):
        return None, ()
    if operator in _DATES:
        return _date(name, _DATES[operator], parse_time(constraint.get("value")))
    if name == NOW:  # anything but before and after would change with every tick of the clock
        return None, ()
    if operator in _LISTS:
        values = constraint.get("values")
        if not isinstance(values, list):
            return None, ()
        return _LISTS[operator](name, [text(value) for value in values], constraint.get("caseInsensitive") is True), ()
    if operator in _ORDERED:
        parse, comparing = _ORDERED[operator]
        limit = parse(text(constraint.get("value")))
        return (None if limit is None else _ordered(name, parse, comparing, limit)), ()
    return None, ()


def _in(read: Callable[[Context], str], members: Collection[str]) -> Test:
    def test(context: Context) -> bool:
        value = read(context)
        return value != "" and value in members

    return test


def _is_in(name: str, values: list[str], fold: bool) -> Test:
    return _in(value_of(name), frozenset(values))


def _is_not_in(name: str, values: list[str], fold: bool) -> Test:
    return _inverted(_is_in(name, values, fold))


def _inverted(found: Test) -> Test:
    return lambda context: not found(context)


def _string(matches: Callable[[str, tuple[str, ...]], bool]) -> Callable[[str, list[str], bool], Test]:
    def build(name: str, values: list[str], fold: bool) -> Test:
        read = value_of(name)
        wanted = tuple(value.lower() for value in values) if fold else tuple(values)

        def test(context: Context) -> bool:
            value = read(context)
            return value != "" and matches(value, wanted)

        def test_folded(context: Context) -> bool:
            value = read(context)
            return value != "" and matches(value.lower(), wanted)

        return test_folded if fold else test

    return build


def _contains(value: str, wanted: tuple[str, ...]) -> bool:
    return any(map(compare.contains, repeat(value), wanted))


def _ordered(name: str, parse: Callable[[str], Any], comparing: Compare, limit: Any) -> Test:
    read = value_of(name)

    def test(context: Context) -> bool:
        value = parse(read(context))
        return value is not None and comparing(value, limit)

    return test


def _date(name: str, comparing: Compare, limit: float | None) -> tuple[Test | None, tuple[float, ...]]:
    if limit is None:
        return None, ()
    if name != NOW:
        return _ordered(name, parse_time, comparing, limit), ()
    # After a moment begins just behind it; before a moment ends with it.
    edge = math.nextafter(limit, math.inf) if comparing is compare.gt else limit
    return (lambda context: comparing(context.now, limit)), (edge,)


_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def parse_number(value: str) -> float | None:
    """A decimal number in ASCII digits, finite; Python's own "nan", "inf" and "1_000" are none."""
    if len(value) > 64 or not _DECIMAL.fullmatch(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def parse_time(value: object) -> float | None:
    """ISO 8601 to epoch seconds; a time without a zone is UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


_COMPARISONS: Final[Mapping[str, Compare]] = {
    "EQ": compare.eq,
    "GT": compare.gt,
    "GTE": compare.ge,
    "LT": compare.lt,
    "LTE": compare.le,
}
_DATES: Final[Mapping[str, Compare]] = {"DATE_AFTER": compare.gt, "DATE_BEFORE": compare.lt}
_LISTS: Final[Mapping[str, Callable[[str, list[str], bool], Test]]] = {
    "IN": _is_in,
    "NOT_IN": _is_not_in,
    "STR_STARTS_WITH": _string(str.startswith),
    "STR_ENDS_WITH": _string(str.endswith),
    "STR_CONTAINS": _string(_contains),
}
_ORDERED: Final[Mapping[str, tuple[Callable[[str], Any], Compare]]] = {
    f"{kind}_{name}": (parse, comparing)
    for kind, parse in (("NUM", parse_number), ("SEMVER", semver_key), ("VERSION", version_key))
    for name, comparing in _COMPARISONS.items()
}

LIST_OPERATORS: Final = frozenset(_LISTS)
DATE_OPERATORS: Final = frozenset(_DATES)
ORDERED_OPERATORS: Final = frozenset(_ORDERED)
OPERATORS: Final = LIST_OPERATORS | DATE_OPERATORS | ORDERED_OPERATORS | {"IN_SET"}
"""Unleash's but REGEX and IN_CIDR, and two kinds of our own: IN_SET for stored lists, VERSION_* for loose versions."""


def limit_is_readable(operator: str, value: object) -> bool:
    """Whether `value` is something that an ordering operator can compare with."""
    if operator in _DATES:
        return parse_time(value) is not None
    return _ORDERED[operator][0](text(value)) is not None
