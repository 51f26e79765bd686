"""Unleash's own forms of a context and of changes, read into what the engine works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ferry.kernel.targeting.constraints import parse_time
from ferry.kernel.targeting.context import Context, text


def unleash_context(described: Mapping[str, Any], *, now: float) -> Context:
    """A Context from Unleash's own form, as a server that holds a secret key sends it: its identities are vouched for.

    A field is looked for among the named ones first, then in `properties`.
    """
    inner = described.get("properties")
    merged = dict(inner) if isinstance(inner, Mapping) else {}
    merged |= {key: value for key, value in described.items() if key != "properties" and text(value)}
    moment = parse_time(merged.get("currentTime"))
    return Context(
        now=now if moment is None else moment,
        device_id=text(merged.get("deviceId")),
        user_id=text(merged.get("userId")),
        verified_device=True,
        verified_user=True,
        session_id=text(merged.get("sessionId")),
        remote_address=text(merged.get("remoteAddress")),
        properties=merged,
    )


def apply_events(events: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Features and segments after a run of delta events, each applied over what the earlier ones left."""
    features: dict[str, Any] = {}
    segments: dict[str, Any] = {}
    for event in events:
        kind = event.get("type") if isinstance(event, Mapping) else None
        if kind == "hydration":
            features = {one["name"]: one for one in list_of(event, "features")}
            segments = {text(one["id"]): one for one in list_of(event, "segments")}
        elif kind == "feature-updated":
            features[event["feature"]["name"]] = event["feature"]
        elif kind == "feature-removed":
            features.pop(event["featureName"], None)
        elif kind == "segment-updated":
            segments[text(event["segment"]["id"])] = event["segment"]
        elif kind == "segment-removed":
            segments.pop(text(event["segmentId"]), None)
    return list(features.values()), list(segments.values())


def list_of(holder: Any, key: str) -> list[Any]:
    """The list under `key`; empty when there is none."""
    value = holder.get(key) if isinstance(holder, Mapping) else None
    return value if isinstance(value, list) else []
