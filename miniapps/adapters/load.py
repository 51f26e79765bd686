"""The part "adapter" as the edge holds it: the decision of the part "program", answered in another protocol's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ferry.edge.registry import Sources
from ferry.kernel.targeting import Context, version_key
from miniapps.adapters.codepush import Package
from miniapps.snapshot_load import Arm, Program


@dataclass(frozen=True, slots=True)
class Adapted:
    """One mini-program of a host app, for adapters."""

    program: Program
    packages: Mapping[str, Package]  # by release
    least: Mapping[str, tuple[str, ...]]  # platform → the least host versions that the open releases ask for

    def package(self, context: Context, installed: int | None) -> tuple[Arm, Package] | None:
        """What the device is given, as the check-in decides; None for nothing, withdrawn programs included."""
        if self.program.withdrawn is not None:
            return None
        arm = self.program.decide(context, installed)
        return None if arm is None else (arm, self.packages[release_of(arm)])

    def coded(self, package_hash: str) -> int | None:
        """The version code of an open release's package, by its CodePush hash."""
        found = (package.code for package in self.packages.values() if package.package_hash == package_hash)
        return next(found, None)

    def store_version(self, platform: str, host_version: str) -> str:
        """The least host version above this one that a release on the platform asks for; empty when none does."""
        own = version_key(host_version)
        keyed = [(key, text) for text in self.least.get(platform, ()) if (key := version_key(text)) is not None]
        return min(((key, text) for key, text in keyed if own is not None and key > own), default=(None, ""))[1]


def load_adapter(key: str, body: dict[str, Any], sources: Sources) -> Adapted | None:
    """The loader of parts of kind "adapter". None while the program itself could not be loaded."""
    program: Program | None = sources.part("program", key)
    if program is None:
        return None
    least: dict[str, set[str]] = {}
    for given in body["releases"].values():
        for platform, bounds in given["range"].items():
            least.setdefault(platform, set()).add(bounds["min"])
    packages = {release_id: _package(given, sources) for release_id, given in body["releases"].items()}
    return Adapted(program, packages, {platform: tuple(sorted(found)) for platform, found in least.items()})


def release_of(arm: Arm) -> str:
    """The id of the release behind an arm."""
    release_id: str = msgspec.json.decode(arm.observed)[1]
    return release_id


def _package(given: dict[str, Any], sources: Sources) -> Package:
    return Package(
        code=given["code"],
        package_hash=given["codepush_hash"],
        url=f"{sources.edge_url}/packages/{given['sha256']}",
        size=given["size"],
        description=given["notes"],
        mandatory=given["mandatory"],
    )
