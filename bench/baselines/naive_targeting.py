"""The plain way to decide: walk the JSON of every release on every request. The baseline of bench/targeting.py.

It knows what the benchmark's rules use and nothing more; the benchmark compares every answer with the engine's.
"""

from __future__ import annotations

from typing import Any

import mmh3

from ferry.kernel.targeting import Context


def decide(releases: list[dict[str, Any]], context: Context, sets: dict[str, frozenset[str]]) -> str | None:
    """The id of the first release that fits."""
    for release in releases:
        if in_range(release["range"], context) and matches(release["rule"], context, sets):
            return str(release["id"])
    return None


def matches(rule: dict[str, Any] | None, context: Context, sets: dict[str, frozenset[str]]) -> bool:
    if rule is None:
        return True
    if rule.get("starts_at") is not None and context.now < rule["starts_at"]:
        return False
    if rule.get("ends_at") is not None and context.now >= rule["ends_at"]:
        return False
    return any(passes(strategy, context, sets) for strategy in rule["any"])


def passes(strategy: dict[str, Any], context: Context, sets: dict[str, frozenset[str]]) -> bool:
    allowlist = strategy.get("allowlist")
    if allowlist is not None and not (context.verified_device and context.device_id in sets[allowlist["set"]]):
        return False
    for constraint in strategy.get("constraints", []):
        if holds(constraint, context) == constraint.get("inverted", False):
            return False
    rollout = strategy.get("rollout")
    if rollout is None:
        return True
    drawn = mmh3.hash(f"{rollout['group']}:{context.device_id}", 0, signed=False) % 10_000 + 1
    return bool(context.device_id) and drawn <= rollout["share"]


def holds(constraint: dict[str, Any], context: Context) -> bool:
    value = context.properties.get(constraint["contextName"], "")
    if constraint["operator"] == "IN":
        return value in constraint["values"]
    if constraint["operator"] == "STR_STARTS_WITH":
        return any(value.startswith(wanted) for wanted in constraint["values"])
    if constraint["operator"] == "VERSION_GTE":
        return number(value) >= number(constraint["value"])
    raise ValueError(constraint["operator"])


def in_range(described: dict[str, Any], context: Context) -> bool:
    bounds = described.get(context.properties["platform"])
    if bounds is None:
        return not described
    version = number(context.properties["host_version"])
    if bounds.get("min") and version < number(bounds["min"]):
        return False
    return not (bounds.get("max") and version > number(bounds["max"]))


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
