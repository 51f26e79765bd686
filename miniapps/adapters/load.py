"""The part "adapter" as the edge holds it: the decision of the part "program", answered in another protocol's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings

from ferry.edge.registry import Sources, StoredSets
from ferry.kernel.targeting import Context, decide, version_key
from miniapps.adapters.codepush import Package
from miniapps.adapters.dimina import Delivery, Generation, follow
from miniapps.content_hosts import web_origin
from miniapps.offers import compile_program
from miniapps.snapshot_load import Arm, Program, StoredSegments


@dataclass(frozen=True, slots=True)
class Adapted:
    """One mini-program of a host app, for adapters."""

    program: Program
    packages: Mapping[str, Package]  # by release
    least: Mapping[str, tuple[str, ...]]  # platform → the least host versions that the open releases ask for
    generations: tuple[Generation, ...]  # oldest first; none where there never was a version for Dimina
    manifests: Mapping[str, Mapping[str, Any]]  # by release: for Dimina, all but the code

    def package(self, context: Context, installed: int | None) -> tuple[Arm, Package] | None:
        """What the device is given, as the check-in decides; None for nothing, withdrawn programs included."""
        arm = decide(self.program.steps, context, installed)
        return None if arm is None else (arm, self.packages[release_of(arm)])

    def delivered(self, context: Context) -> tuple[Delivery, dict[str, Any]] | None:
        """The manifest of a Dimina host, under the code that this device knows the version by."""
        delivery = None if self.program.withdrawn is not None else follow(self.generations, context)
        if delivery is None:
            return None
        return delivery, {**self.manifests[delivery.gives.release_id], "versionCode": delivery.code}

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
    given_of = body["releases"].items()
    return Adapted(
        program,
        packages={release_id: _package(given, sources) for release_id, given in given_of},
        least={platform: tuple(sorted(found)) for platform, found in least.items()},
        generations=tuple(_generation(key, each, sources) for each in body["generations"]),
        manifests={release_id: _manifest(key, body["name"], given, sources) for release_id, given in given_of},
    )


def release_of(arm: Arm) -> str:
    """The id of the release behind an arm."""
    release_id: str = msgspec.json.decode(arm.observed)[1]
    return release_id


def _package(given: dict[str, Any], sources: Sources) -> Package:
    return Package(
        code=given["code"],
        package_hash=given["codepush_hash"],
        url=_url(given, sources),
        size=(given["deflated"] or given)["size"],
        description=given["notes"],
        mandatory=given["mandatory"],
    )


def _manifest(program_id: str, name: str, given: dict[str, Any], sources: Sources) -> dict[str, Any]:
    return {
        "appId": program_id,
        "name": name,
        "path": given["entry"],
        "versionName": given["name"],
        "packageUrl": _url(given, sources),
        "sha256": (given["deflated"] or given)["sha256"],
        "webBaseUrl": f"{web_origin(settings.FERRY_CONTENT_ORIGIN, given['version'])}/",
    }


def _generation(key: str, body: dict[str, Any], sources: Sources) -> Generation:
    part = {"id": key, "withdrawn": None, "releases": body["releases"]}
    offers = compile_program(part, segments=StoredSegments(sources), sets=StoredSets(sources))
    return Generation.of(body["number"], body["at"], offers)


def _url(given: dict[str, Any], sources: Sources) -> str:
    """The deflated zip; until the worker has made it, the canonical one, which every zip reader takes as well."""
    return f"{sources.edge_url}/packages/{given['sha256']}{'.deflated.zip' if given['deflated'] else ''}"
