"""What is wrong with a rule that comes from outside, and where: every problem at once, each with its path.

The engine itself never refuses (what it cannot read matches nobody); this is for the author, before it is stored.
The limits keep a rule small enough to be compiled and asked in microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ferry.kernel.targeting.bucketing import SHARES
from ferry.kernel.targeting.constraints import (
    DATE_OPERATORS,
    LIST_OPERATORS,
    NOW,
    OPERATORS,
    limit_is_readable,
)
from ferry.kernel.targeting.reasons import Translate, gettext_noop
from ferry.kernel.targeting.rules import (
    ALLOWLIST_FIELDS,
    ALLOWLIST_KEYS,
    INVITATION_KEYS,
    LAST_MOMENT,
    ROLLOUT_KEYS,
    RULE_KEYS,
    STRATEGY_KEYS,
)
from ferry.kernel.targeting.versions import version_key

MAX_STRATEGIES: Final = 20
MAX_CONSTRAINTS: Final = 30
MAX_SEGMENTS: Final = 20
MAX_VALUES: Final = 1000
MAX_TEXT: Final = 256
PLATFORMS: Final = frozenset({"android", "ios", "harmony", "web"})

_CONSTRAINT_KEYS: Final = frozenset(
    {"contextName", "operator", "values", "value", "set", "inverted", "caseInsensitive"}
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # neither PostgreSQL nor UTF-8 takes these

_MESSAGES: Final[Mapping[str, str]] = {
    "not_an_object": gettext_noop("must be an object"),
    "not_a_list": gettext_noop("must be a list"),
    "not_text": gettext_noop("must be text that is not empty"),
    "not_a_boolean": gettext_noop("must be true or false"),
    "unknown_key": gettext_noop("is not a key that Ferry knows here"),
    "unknown_operator": gettext_noop("is not an operator that Ferry knows"),
    "unknown_platform": gettext_noop("is none of android, ios, harmony, web"),
    "too_many": gettext_noop("holds more than {limit} entries"),
    "too_long": gettext_noop("is longer than {limit} characters"),
    "missing": gettext_noop("is missing"),
    "not_a_moment": gettext_noop("must be a time in seconds since 1970"),
    "never_open": gettext_noop("must be later than starts_at"),
    "not_a_share": gettext_noop("must be a whole number from 0 to 10000, in 1/10000"),
    "not_a_limit": gettext_noop("is nothing that this operator can compare with"),
    "only_dates": gettext_noop("can only be compared with DATE_AFTER and DATE_BEFORE"),
    "not_a_set": gettext_noop("must be the sha256 of a stored list"),
    "not_a_field": gettext_noop("must be deviceId or userId"),
    "not_a_version": gettext_noop("must be a version such as 6.3.0"),
    "empty_range": gettext_noop("must not be below min"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`any[0].constraints[2].value`), which (a stable code), and in words."""

    path: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Translate = str) -> str:
        """The sentence, in the language of `translate`."""
        return f"{self.path or 'rule'} {translate(_MESSAGES[self.code]).format(**self.params)}"

    def as_json(self, translate: Translate = str) -> dict[str, str]:
        """For an error's details."""
        return {"path": self.path, "code": self.code, "message": self.text(translate)}


Problems = tuple[Problem, ...]


def validate_rule(rule: Any) -> Problems:
    """Everything that is wrong with a rule; empty when it may be stored. None is the rule for everyone."""
    found = _Findings()
    if rule is None or not found.keys("", rule, RULE_KEYS):
        return found.all()
    moments = [found.moment(name, rule.get(name)) for name in ("starts_at", "ends_at")]
    if moments[0] is not None and moments[1] is not None and moments[0] >= moments[1]:
        found.add("ends_at", "never_open")
    if "any" in rule:
        found.each("any", rule["any"], MAX_STRATEGIES, lambda path, one: _strategy(found, path, one))
    return found.all()


def validate_constraints(constraints: Any, path: str = "constraints") -> Problems:
    """The same for constraints that somebody wrote: a segment's, or the conditions of a release.

    IN_SET is refused here. A stored list is named by Ferry itself, in an allowlist or a segment made of a list, for
    only so does it reach the edge.
    """
    found = _Findings()
    found.each(path, constraints, MAX_CONSTRAINTS, lambda where, one: _constraint(found, where, one, sets=False))
    return found.all()


def validate_range(described: Any, path: str = "range") -> Problems:
    """The same for a host range: `{"android": {"min": "6.0.0", "max": null}}`. None and {} admit every host."""
    found = _Findings()
    if described is None or not found.keys(path, described, PLATFORMS, code="unknown_platform"):
        return found.all()
    for platform, bounds in described.items():
        where = f"{path}.{platform}"
        if not found.keys(where, bounds, frozenset({"min", "max"})):
            continue
        keys = [found.version(f"{where}.{end}", bounds.get(end)) for end in ("min", "max")]
        if keys[0] is not None and keys[1] is not None and keys[1] < keys[0]:
            found.add(f"{where}.max", "empty_range")
    return found.all()


def _strategy(found: _Findings, path: str, strategy: Any) -> None:
    if not found.keys(path, strategy, STRATEGY_KEYS):
        return
    if strategy.get("constraints") is not None:
        found.each(
            f"{path}.constraints",
            strategy["constraints"],
            MAX_CONSTRAINTS,
            lambda where, one: _constraint(found, where, one),
        )
    if strategy.get("segments") is not None:
        found.each(f"{path}.segments", strategy["segments"], MAX_SEGMENTS, found.text)
    rollout, allowlist = strategy.get("rollout"), strategy.get("allowlist")
    if rollout is not None and found.keys(f"{path}.rollout", rollout, ROLLOUT_KEYS):
        share = rollout.get("share")
        if type(share) is not int or not 0 <= share <= SHARES:
            found.add(f"{path}.rollout.share", "not_a_share")
        found.text(f"{path}.rollout.stickiness", rollout.get("stickiness"))
        found.text(f"{path}.rollout.group", rollout.get("group"))
    if allowlist is not None and found.keys(f"{path}.allowlist", allowlist, ALLOWLIST_KEYS):
        if not isinstance(allowlist.get("field"), str) or allowlist["field"] not in ALLOWLIST_FIELDS:
            found.add(f"{path}.allowlist.field", "not_a_field")
        found.set(f"{path}.allowlist.set", allowlist.get("set"))
    invitation = strategy.get("invitation")
    if invitation is not None and found.keys(f"{path}.invitation", invitation, INVITATION_KEYS):
        found.set(f"{path}.invitation.sha256", invitation.get("sha256"))
        if invitation.get("ends_at") is None:
            found.add(f"{path}.invitation.ends_at", "missing")
        found.moment(f"{path}.invitation.ends_at", invitation.get("ends_at"))


def _constraint(found: _Findings, path: str, constraint: Any, *, sets: bool = True) -> None:
    if not found.keys(path, constraint, _CONSTRAINT_KEYS):
        return
    found.text(f"{path}.contextName", constraint.get("contextName"))
    for flag in ("inverted", "caseInsensitive"):
        if not isinstance(constraint.get(flag, False), bool):
            found.add(f"{path}.{flag}", "not_a_boolean")
    operator = constraint.get("operator")
    if not isinstance(operator, str) or operator not in OPERATORS or (operator == "IN_SET" and not sets):
        found.add(f"{path}.operator", "unknown_operator")
        return
    if constraint.get("contextName") == NOW and operator not in DATE_OPERATORS:
        found.add(f"{path}.contextName", "only_dates")
    if operator == "IN_SET":
        found.set(f"{path}.set", constraint.get("set"))
    elif operator in LIST_OPERATORS:
        found.each(f"{path}.values", constraint.get("values"), MAX_VALUES, found.text)
    elif found.text(f"{path}.value", constraint.get("value")) and not limit_is_readable(operator, constraint["value"]):
        found.add(f"{path}.value", "not_a_limit")


class _Findings:
    """Collects problems; every method says whether the thing was sound enough to look inside."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def all(self) -> Problems:
        return tuple(self._problems)

    def add(self, path: str, code: str, **params: Any) -> bool:
        self._problems.append(Problem(path, code, params))
        return False

    def keys(self, path: str, value: Any, known: frozenset[str], code: str = "unknown_key") -> bool:
        if not isinstance(value, Mapping):
            return self.add(path, "not_an_object")
        strange = sorted(str(key)[:MAX_TEXT] for key in value if key not in known)
        for key in strange[:MAX_CONSTRAINTS]:
            self.add(f"{path}.{key}" if path else key, code)
        return not strange

    def each(self, path: str, values: Any, limit: int, look: Callable[[str, Any], Any]) -> None:
        if not isinstance(values, list):
            self.add(path, "not_a_list")
        elif len(values) > limit:
            self.add(path, "too_many", limit=limit)
        else:
            for place, value in enumerate(values):
                look(f"{path}[{place}]", value)

    def text(self, path: str, value: Any) -> bool:
        if value is None:
            return self.add(path, "missing")
        if not isinstance(value, str) or not value.strip() or _UNSTORABLE.search(value):
            return self.add(path, "not_text")
        if len(value) > MAX_TEXT:
            return self.add(path, "too_long", limit=MAX_TEXT)
        return True

    def set(self, path: str, value: Any) -> None:
        if not isinstance(value, str) or not _SHA256.fullmatch(value):
            self.add(path, "not_a_set")

    def moment(self, path: str, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_MOMENT:
            self.add(path, "not_a_moment")
            return None
        return value

    def version(self, path: str, value: Any) -> Any:
        if value is None or value == "":
            return None
        key = version_key(value) if isinstance(value, str) else None
        if key is None:
            self.add(path, "not_a_version")
        return key
