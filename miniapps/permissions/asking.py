"""What a version asks for and what it gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from miniapps.packages.declared import DOMAIN_USES
from miniapps.permissions import domains
from miniapps.permissions.capabilities import is_name

CAPABILITY = "capability"
KINDS = (CAPABILITY, *DOMAIN_USES)


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One thing to be granted: a capability by its name, or a domain for one use."""

    kind: str  # "capability", "request", "webview", "upload", "download"
    value: str


def declared_items(declared: Mapping[str, Any]) -> frozenset[Item]:
    """What the manifest of a version asks for. What could never be granted is left out: intake has reported it."""
    requested = declared.get("requested") or {}
    found = {Item(CAPABILITY, name) for name in requested.get("capabilities", ())}
    for use, addresses in requested.get("domains", {}).items():
        for address in addresses:
            try:
                found.add(Item(use, domains.clean(address)))
            except domains.BadDomain:
                continue
    return frozenset(item for item in found if item.kind in KINDS and (item.kind != CAPABILITY or is_name(item.value)))


def members(items: Iterable[Item]) -> dict[str, Any]:
    """What the terms say of granted items: nothing when there are none, else both members, sorted."""
    granted = sorted(set(items))
    if not granted:
        return {}
    return {
        "capabilities": [item.value for item in granted if item.kind == CAPABILITY],
        "domains": {use: [item.value for item in granted if item.kind == use] for use in DOMAIN_USES},
    }


def crowded(items: Iterable[Item]) -> str | None:
    """The use of domains of which there are more than a version may have; None when all is well."""
    counts = dict.fromkeys(DOMAIN_USES, 0)
    for item in set(items):
        if item.kind in counts:
            counts[item.kind] += 1
    return next((use for use, count in counts.items() if count > domains.MOST_DOMAINS), None)
