"""Feature flags as Unleash describes them (client-specification v6.1.0), on the same constraints and buckets.

A FeatureSet answers the two questions that every Unleash client answers: is a flag on, and which variant. It is built
from what `/api/client/features` carries.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import accumulate
from typing import Any, Final

from ferry.kernel.targeting.bucketing import VARIANT_SEED, bucket
from ferry.kernel.targeting.constraints import Test, compile_constraint, parse_number
from ferry.kernel.targeting.context import Context, identity, text
from ferry.kernel.targeting.unleash_wire import list_of

Payload = Mapping[str, Any]
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Variant:
    """The variant somebody gets, with whether the flag itself is on; `disabled` when there is none."""

    name: str
    enabled: bool
    feature_enabled: bool
    payload: Payload | None = None

    def as_json(self) -> dict[str, Any]:
        """As the Unleash protocol writes it."""
        found: dict[str, Any] = {"name": self.name, "enabled": self.enabled, "feature_enabled": self.feature_enabled}
        return found if self.payload is None else {**found, "payload": dict(self.payload)}


Draw = Callable[[Context], Variant]


@dataclass(frozen=True, slots=True)
class _Dependency:
    feature: str
    enabled: bool
    variants: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Feature:
    enabled: bool
    strategies: tuple[tuple[Test, Draw | None], ...] | None  # None: no strategies, on for everyone
    draw: Draw | None
    dependencies: tuple[_Dependency, ...]


class FeatureSet:
    """Flags compiled once, asked many times."""

    def __init__(self, features: Iterable[Any], segments: Iterable[Any] = ()) -> None:
        known = {text(one.get("id")): list_of(one, "constraints") for one in segments if isinstance(one, Mapping)}
        self._features = {
            one["name"]: _compile_feature(one, known)
            for one in features
            if isinstance(one, Mapping) and isinstance(one.get("name"), str)
        }

    def names(self) -> Sequence[str]:
        """Every flag of the set, in the order given."""
        return tuple(self._features)

    def is_enabled(self, name: str, context: Context) -> bool:
        """Whether the flag is on; an unknown flag is off."""
        return self.variant(name, context).feature_enabled

    def variant(self, name: str, context: Context) -> Variant:
        """Which variant of the flag this context gets."""
        feature = self._features.get(name)
        if feature is None or not all(self._holds(one, context) for one in feature.dependencies):
            return _OFF
        return _evaluate(feature, context)

    def _holds(self, dependency: _Dependency, context: Context) -> bool:
        """A parent counts as it stands; a parent that has parents of its own never does, so no cycle can arise."""
        parent = self._features.get(dependency.feature)
        if parent is None or parent.dependencies:
            return False
        found = _evaluate(parent, context)
        if not dependency.enabled:
            return not found.feature_enabled
        return found.feature_enabled and (not dependency.variants or found.name in dependency.variants)


_OFF: Final = Variant("disabled", enabled=False, feature_enabled=False)
_NO_VARIANT: Final = Variant("disabled", enabled=False, feature_enabled=True)


def _evaluate(feature: _Feature, context: Context) -> Variant:
    if not feature.enabled:
        return _OFF
    draw = feature.draw
    if feature.strategies is not None:
        for test, own in feature.strategies:
            if test(context):
                draw = own or draw  # the first strategy that is on decides, and its variants go before the flag's
                break
        else:
            return _OFF
    return draw(context) if draw else _NO_VARIANT


def _compile_feature(feature: Mapping[str, Any], segments: Mapping[str, list[Any]]) -> _Feature:
    name = feature["name"]
    strategies = list_of(feature, "strategies")
    return _Feature(
        enabled=feature.get("enabled") is True,
        strategies=tuple(_compile_strategy(one, name, segments) for one in strategies) if strategies else None,
        draw=_compile_variants(list_of(feature, "variants"), group=name, stickiness="default"),
        dependencies=tuple(_dependency(one) for one in list_of(feature, "dependencies")),
    )


def _dependency(described: Any) -> _Dependency:
    if not isinstance(described, Mapping):
        return _Dependency("", enabled=True, variants=frozenset())  # names no flag, so it never holds
    variants = frozenset(text(one) for one in list_of(described, "variants"))
    return _Dependency(text(described.get("feature")), described.get("enabled") is not False, variants)


def _compile_strategy(strategy: Any, name: str, segments: Mapping[str, list[Any]]) -> tuple[Test, Draw | None]:
    build = _STRATEGIES.get(text(strategy.get("name"))) if isinstance(strategy, Mapping) else None
    wanted = [text(one) for one in list_of(strategy, "segments")]
    if build is None or any(one not in segments for one in wanted):
        return _nobody, None
    parameters = strategy.get("parameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    constraints = [*list_of(strategy, "constraints"), *(each for one in wanted for each in segments[one])]
    tests = (*(compile_constraint(one).test for one in constraints), build(parameters, name))
    group = text(parameters.get("groupId")) or name
    stickiness = text(parameters.get("stickiness")) or "default"
    draw = _compile_variants(list_of(strategy, "variants"), group=group, stickiness=stickiness)
    return (lambda context: all(test(context) for test in tests)), draw


def _nobody(context: Context) -> bool:
    return False


def _share(percent: Any, group: str, stickiness: str) -> Test:
    """Unleash counts rollouts in whole percent; whoever lacks what the stickiness names is not in."""
    share = parse_number(text(percent)) or 0.0
    read = identity(stickiness)

    def test(context: Context) -> bool:
        who = read(context)
        return who != "" and bucket(who, group, _PERCENT) <= share

    return test


def _flexible(parameters: Payload, name: str) -> Test:
    group = text(parameters.get("groupId")) or name
    return _share(parameters.get("rollout"), group, text(parameters.get("stickiness")) or "default")


def _gradual(stickiness: str) -> Callable[[Payload, str], Test]:
    """The strategies of before flexibleRollout; without a groupId they share one cohort, as in Unleash."""
    return lambda parameters, name: _share(parameters.get("percentage"), text(parameters.get("groupId")), stickiness)


def _user_with_id(parameters: Payload, name: str) -> Test:
    users = frozenset(_split(parameters.get("userIds")))
    return lambda context: context.user_id in users


def _remote_address(parameters: Payload, name: str) -> Test:
    listed = _split(parameters.get("IPs"))
    exact = frozenset(listed)
    networks = [network for network in map(_network, listed) if network is not None]

    def test(context: Context) -> bool:
        address = context.remote_address
        if not address or address in exact:
            return address != ""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in networks)

    return test


def _network(described: str) -> Any:
    try:
        return ip_network(described, strict=False)
    except ValueError:
        return None  # an entry that is no address is passed over, as in every Unleash client


def _split(value: Any) -> list[str]:
    return [part.strip() for part in text(value).split(",") if part.strip()]


_STRATEGIES: Final[Mapping[str, Callable[[Payload, str], Test]]] = {
    "default": lambda parameters, name: lambda context: True,
    "flexibleRollout": _flexible,
    "userWithId": _user_with_id,
    "gradualRolloutUserId": _gradual("userId"),
    "gradualRolloutSessionId": _gradual("sessionId"),
    "gradualRolloutRandom": _gradual("random"),
    "remoteAddress": _remote_address,
}


def _compile_variants(variants: list[Any], *, group: str, stickiness: str) -> Draw | None:
    """Overrides first, then the weights; without anything to stand on, the draw is random."""
    sound = [one for one in variants if isinstance(one, Mapping)]
    results = [Variant(text(one.get("name")), True, True, _payload(one)) for one in sound]
    ends = list(accumulate(map(_weight, sound)))
    if not ends or ends[-1] == 0:
        return None
    overridden = [
        (result, override) for result, one in zip(results, sound, strict=True) for override in _overrides(one)
    ]
    read = _variant_identity(text(sound[0].get("stickiness")) or stickiness)
    random = identity("random")

    def draw(context: Context) -> Variant:
        for result, override in overridden:
            if override(context):
                return result
        target = bucket(read(context) or random(context), group, ends[-1], seed=VARIANT_SEED)
        return results[bisect_left(ends, target)]  # the first whose end reaches the target, so never one without weight

    return draw


def _variant_identity(stickiness: str) -> Callable[[Context], str]:
    """For variants, Unleash's default goes on to the address before it is random."""
    if stickiness != "default":
        return identity(stickiness)
    return lambda context: context.user_id or context.session_id or context.remote_address


def _weight(variant: Mapping[str, Any]) -> int:
    weight = variant.get("weight")
    return weight if type(weight) is int and 0 < weight <= 1_000_000 else 0


def _payload(variant: Mapping[str, Any]) -> Payload | None:
    payload = variant.get("payload")
    return payload if isinstance(payload, Mapping) else None


def _overrides(variant: Mapping[str, Any]) -> list[Test]:
    return [
        compile_constraint({**one, "operator": "IN"}).test
        for one in list_of(variant, "overrides")
        if isinstance(one, Mapping)
    ]
