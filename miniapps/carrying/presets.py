"""What a preset bundle says: for a host app's build, the mini-programs that open on a first start without a network.

Pure. Made from the published parts, so that a phone finds in it what a check-in would have given a new device: only
what everybody gets (full releases), never a trial or a share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ferry.kernel.targeting.hosts import HostRange
from miniapps.releases import Kind
from miniapps.snapshot_load import update_entry

FORMAT = "ferry-preset/1"
NAME = "bundle"
ICON = "192"  # the size of icon that travels with a bundle


@dataclass(frozen=True, slots=True)
class Place:
    """The build that the bundle is for; both empty: any."""

    platform: str = ""
    host_version: str = ""

    def fits(self, host_range: Any) -> bool:
        """Whether a version with this range can open there."""
        return not self.platform or HostRange.parse(host_range).admits(self.platform, self.host_version)


def choose(body: Mapping[str, Any], place: Place, code: int | None = None) -> dict[str, Any] | None:
    """The release of a published part that a new device at this place gets; with `code`, that of this version.

    None when everybody gets nothing, or another version than the one that was chosen, or it is withdrawn.
    """
    if body["withdrawn"] is not None:
        return None
    for entry in body["releases"]:
        everybody = entry["kind"] == Kind.FULL and entry["rule"] is None and not entry.get("installed_only")
        if everybody and place.fits(entry["range"]) and code in (None, entry["version"]["code"]):
            found: dict[str, Any] = entry
            return found
    return None


def program(body: Mapping[str, Any], entry: dict[str, Any], edge_url: str) -> dict[str, Any]:
    """One program of the bundle: how it is shown, and the entry that a check-in would have given."""
    listing = {name: body[name] for name in ("id", "name", "description", "category", "order")}
    listing["icon"] = body["icons"].get(ICON)
    return {"listing": listing, "update": update_entry(body["id"], entry, edge_url)}


def packages(update: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of the packages that the program needs offline: its own, whole, and those of its plugins."""
    yield update["package"]["sha256"]
    for plugin in update.get("terms", {}).get("plugins", ()):
        if "sha256" in plugin:  # one that is missing has none
            yield plugin["sha256"]
