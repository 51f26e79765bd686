"""Rules to closures: compiled once per change, asked on every request, explained by the same closures.

A rule matches when its dates are open, its host range admits the device, and any of its strategies passes; a strategy
passes when all of its checks do. docs/targeting.md has the language with examples. What cannot be read matches
nobody: an edge that is older than the rule must not hand a trial to everyone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ferry.kernel.targeting.bucketing import SHARES, bucket, encoded, position
from ferry.kernel.targeting.constraints import Check, Cohort, Listed, Test, compile_constraint, never, show_time
from ferry.kernel.targeting.context import Context, claimed, identity, text, value_of
from ferry.kernel.targeting.hosts import HostRange, Spans
from ferry.kernel.targeting.reasons import Reason, Reasons, StrategyReasons

Segments = Mapping[str, Sequence[Any]]
"""Segment id to its constraints, as JSON or already compiled by `compile_segment`."""
Sets = Mapping[str, Collection[str]]
"""sha256 of a stored list to its members; a frozenset wherever speed counts."""

RULE_KEYS: Final = frozenset({"any", "starts_at", "ends_at"})
STRATEGY_KEYS: Final = frozenset({"segments", "constraints", "rollout", "allowlist", "invitation"})
ROLLOUT_KEYS: Final = frozenset({"share", "stickiness", "group"})
ALLOWLIST_KEYS: Final = frozenset({"field", "set"})
INVITATION_KEYS: Final = frozenset({"sha256", "ends_at"})
LAST_MOMENT: Final = 253_402_300_799
"""The end of the year 9999: what comes later is a mistake, milliseconds where seconds are meant."""
ALLOWLIST_FIELDS: Final = frozenset({"deviceId", "userId"})
_FIELDS: Final = {"deviceId": 0, "userId": 1}  # in Context.known and Context.drawn

Way = tuple[int, Collection[str] | None, bytes | None, int, Spans | None, Test | None]
"""One way into a rule, flat: all six have to pass, and None passes always.

The field that list and rollout ask for; the list; the rollout's "group:" and share; the host range; everything else.
"""

_EVERYONE: Final = Check(lambda context: True, lambda context, passed: Reason("everyone", passed, {}))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to be asked: `matches(context)` on the hot path, `explain(context)` for people.

    `edges` are the moments, in epoch seconds and sorted, at which time alone may change the answer. `ways` say the
    same as `matches` in the form that decision.decide asks.
    """

    matches: Test
    edges: tuple[float, ...]
    ways: tuple[Way, ...]
    _common: tuple[Check, ...]
    _strategies: tuple[tuple[Check, ...], ...]

    def explain(self, context: Context) -> Reasons:
        """Every check with its outcome; `explain(c).matched == matches(c)` for every context."""
        common = tuple(check.explain(context) for check in self._common)
        strategies = []
        for number, checks in enumerate(self._strategies, 1):
            reasons = tuple(check.explain(context) for check in checks)
            strategies.append(StrategyReasons(number, all(reason.passed for reason in reasons), reasons))
        matched = all(reason.passed for reason in common) and any(one.passed for one in strategies)
        return Reasons(matched, common, tuple(strategies))


def compile_rule(rule: Any, *, segments: Segments, sets: Sets, host_range: HostRange | None = None) -> Compiled:
    """The rule as closures. Never raises: a part that cannot be read becomes a check that nobody passes."""
    common, strategies = _parts(rule, segments, sets)
    spans = host_range.spans if host_range is not None else None
    ways = tuple(_way(one, common, spans) for one in strategies)
    if host_range is not None and spans is not None:
        common = (_host_check(host_range), *common)
    matches = _all(_ways_in(strategies) + [check.test for check in common])
    checks = [*common, *(check for one in strategies for check in one)]
    edges = tuple(sorted({edge for check in checks for edge in check.edges}))
    return Compiled(matches, edges, ways, common, strategies)


def _way(strategy: tuple[Check, ...], common: tuple[Check, ...], spans: Spans | None) -> Way:
    """One strategy with everything that holds for all of them, laid out flat."""
    listed: Listed | None = None
    cohort: Cohort | None = None
    others: list[Test] = []
    for check in (*strategy, *common):
        flat = check.flat
        if isinstance(flat, Listed) and listed is None and (cohort is None or cohort.field == flat.field):
            listed = flat
        elif isinstance(flat, Cohort) and cohort is None and (listed is None or listed.field == flat.field):
            cohort = flat
        elif check is not _EVERYONE:
            others.append(check.test)
    return (
        listed.field if listed else cohort.field if cohort else 0,
        listed.members if listed else None,
        cohort.prefix if cohort else None,
        cohort.share if cohort else 0,
        spans,
        _all(others) if others else None,
    )


def _ways_in(strategies: tuple[tuple[Check, ...], ...]) -> list[Test]:
    """What the strategies ask. It comes before dates and host range: more devices fail it, so more are done sooner."""
    if (_EVERYONE,) in strategies:
        return []
    ways = [[check.test for check in one] for one in strategies]
    return ways[0] if len(ways) == 1 else [_any([_all(one) for one in ways])]


def _parts(rule: Any, segments: Segments, sets: Sets) -> tuple[tuple[Check, ...], tuple[tuple[Check, ...], ...]]:
    if rule is None:
        return (), ((_EVERYONE,),)
    if not isinstance(rule, Mapping) or not rule.keys() <= RULE_KEYS:
        return (never("malformed", part="rule"),), ()
    common = _dates(rule.get("starts_at"), rule.get("ends_at"))
    if "any" not in rule:
        return common, ((_EVERYONE,),)
    if not isinstance(rule["any"], list):
        return (*common, never("malformed", part="any")), ()
    if not rule["any"]:
        return (*common, never("nobody")), ()
    return common, tuple(_strategy(strategy, segments, sets) for strategy in rule["any"])


def _strategy(strategy: Any, segments: Segments, sets: Sets) -> tuple[Check, ...]:
    if not isinstance(strategy, Mapping) or not strategy.keys() <= STRATEGY_KEYS:
        return (never("malformed", part="strategy"),)
    checks: list[Check] = []
    # Cheap and selective first; the order changes no answer.
    if strategy.get("allowlist") is not None:
        checks.append(_allowlist(strategy["allowlist"], sets))
    if strategy.get("invitation") is not None:
        checks.append(_invitation(strategy["invitation"]))
    if strategy.get("rollout") is not None:
        checks.append(_rollout(strategy["rollout"]))
    checks += _constraints(strategy.get("constraints"), sets)
    checks += _segments(strategy.get("segments"), segments, sets)
    return tuple(checks) or (_EVERYONE,)


def _constraints(constraints: Any, sets: Sets, segment: str = "") -> list[Check]:
    if constraints is None:
        return []
    if not isinstance(constraints, list | tuple):
        return [never("malformed", part="constraints", segment=segment)]
    return [
        one if isinstance(one, Check) else compile_constraint(one, segment=segment, sets=sets) for one in constraints
    ]


def compile_segment(segment: str, constraints: Any, *, sets: Sets) -> tuple[Check, ...]:
    """A segment's constraints, compiled once for all the rules that name it."""
    return tuple(_constraints(constraints, sets, segment=segment))


def _segments(wanted: Any, segments: Segments, sets: Sets) -> list[Check]:
    if wanted is None:
        return []
    if not isinstance(wanted, list):
        return [never("malformed", part="segments")]
    checks: list[Check] = []
    for one in map(text, wanted):
        if one in segments:
            checks += _constraints(segments[one], sets, segment=one)
        else:
            checks.append(never("segment_missing", segment=one))
    return checks


def _dates(starts_at: Any, ends_at: Any) -> tuple[Check, ...]:
    """Open from starts_at on, until just before ends_at."""
    checks = []
    if starts_at is not None:
        checks.append(_date(starts_at, "starts_at", lambda context: context.now >= starts_at, "started", "not_started"))
    if ends_at is not None:
        checks.append(_date(ends_at, "ends_at", lambda context: context.now < ends_at, "not_ended", "ended"))
    return tuple(checks)


def _date(at: Any, part: str, test: Test, yes: str, no: str) -> Check:
    if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) <= LAST_MOMENT:  # refuses NaN too
        return never("malformed", part=part)
    params = {"at": show_time(at)}
    return Check(test, lambda context, passed: Reason(yes if passed else no, passed, params), (at,))


def _rollout(rollout: Any) -> Check:
    if not isinstance(rollout, Mapping) or not rollout.keys() <= ROLLOUT_KEYS:
        return never("malformed", part="rollout")
    share, stickiness, group = rollout.get("share"), rollout.get("stickiness"), rollout.get("group")
    if type(share) is not int or not 0 <= share <= SHARES or not isinstance(group, str) or not group:
        return never("malformed", part="rollout")
    if not isinstance(stickiness, str) or not stickiness:
        return never("malformed", part="rollout")
    read, prefix = identity(stickiness), f"{group}:"

    def test(context: Context) -> bool:
        who = read(context)
        return who != "" and position(prefix + who, SHARES, 0) <= share

    def describe(context: Context, passed: bool) -> Reason:
        who = read(context)
        params = {"stickiness": stickiness, "group": group, "share": share, "percent": f"{share / 100:g}"}
        if who == "":
            return Reason("no_identity", passed, params)
        return Reason("in_share" if passed else "above_share", passed, {**params, "bucket": bucket(who, group)})

    field = _FIELDS.get(stickiness)
    return Check(test, describe, flat=None if field is None else Cohort(field, encoded(prefix), share))


def _allowlist(allowlist: Any, sets: Sets) -> Check:
    if not isinstance(allowlist, Mapping) or not allowlist.keys() <= ALLOWLIST_KEYS:
        return never("malformed", part="allowlist")
    field, sha = allowlist.get("field"), allowlist.get("set")
    if not isinstance(field, str) or field not in ALLOWLIST_FIELDS or not isinstance(sha, str):
        return never("malformed", part="allowlist")
    if sha not in sets:
        return never("set_missing", set=sha)
    members, read = sets[sha], value_of(field)

    def test(context: Context) -> bool:
        who = read(context)
        return who != "" and who in members

    def describe(context: Context, passed: bool) -> Reason:
        actual = read(context)
        code = "listed" if passed else "not_listed"
        if not actual:
            code = "listed_claimed" if claimed(field, context) else "listed_unknown"
        return Reason(code, passed, {"field": field, "actual": actual, "set": sha})

    named = members if "" not in members else frozenset(members) - {""}
    return Check(test, describe, flat=Listed(_FIELDS[field], named))


def _invitation(invitation: Any) -> Check:
    """Whoever shows the invitation, until it ends. The rule holds its hash alone: to read it is not to be invited."""
    if not isinstance(invitation, Mapping) or not invitation.keys() <= INVITATION_KEYS:
        return never("malformed", part="invitation")
    sha, ends_at = invitation.get("sha256"), invitation.get("ends_at")
    if not isinstance(sha, str) or isinstance(ends_at, bool) or not isinstance(ends_at, int | float):
        return never("malformed", part="invitation")
    if not abs(ends_at) <= LAST_MOMENT:  # refuses NaN too
        return never("malformed", part="invitation")
    params = {"invitation": sha[:8], "at": show_time(ends_at)}

    def test(context: Context) -> bool:
        return sha in context.invitations and context.now < ends_at

    def describe(context: Context, passed: bool) -> Reason:
        code = "invited" if passed else "invitation_ended" if context.now >= ends_at else "not_invited"
        return Reason(code, passed, params)

    return Check(test, describe, (ends_at,))


def _host_check(host_range: HostRange) -> Check:
    spans = host_range.spans or {}

    def describe(context: Context, passed: bool) -> Reason:
        if context.platform not in spans:
            return Reason("host_platform", passed, {"platform": context.platform})
        version = text(context.properties.get("host_version")) or "?"
        params = {"platform": context.platform, "version": version, "range": host_range.shown[context.platform]}
        return Reason("host_inside" if passed else "host_outside", passed, params)

    return Check(host_range.fits, describe)


def _all(tests: Sequence[Test]) -> Test:
    """All of the tests, in order, until one fails. Unrolled: a loop doubles the cost of a rule of two checks."""
    match tuple(tests):
        case ():
            return _EVERYONE.test
        case (only,):
            return only
        case (first, second):
            return lambda context: first(context) and second(context)
        case (first, second, third):
            return lambda context: first(context) and second(context) and third(context)
        case (first, second, third, *rest):
            others = _all(rest)
            return lambda context: first(context) and second(context) and third(context) and others(context)
    raise AssertionError  # the cases above are all there are


def _any(tests: Sequence[Test]) -> Test:
    every_test = tuple(tests)

    def some(context: Context) -> bool:
        for test in every_test:  # noqa: SIM110 - any() with a generator costs twice as much here
            if test(context):
                return True
        return False

    return some
