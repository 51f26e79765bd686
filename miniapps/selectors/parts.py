"""What a device may fetch beside the whole package of a version: its parts, and the plugins it borrows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ferry.kernel.identity.models import HostApp, Workspace
from miniapps.models import Listing, Part, PluginUse, Release, Review, ReviewState, Version
from miniapps.packages.kinds import PLUGIN
from miniapps.packages.ranges import newest_within
from miniapps.releases import Kind, State, covers


def parts(workspace: Workspace, version: Version) -> list[Part]:
    """The parts of a version, main part first; empty when it has no sub-packages."""
    return list(Part.objects.of(workspace).filter(version=version))


def parts_terms(host_app: HostApp, version: Version) -> dict[str, Any]:
    """The members "parts" and "preload" of a version's terms. A part's address follows from its sha256."""
    found = parts(host_app.workspace, version)
    if not found:
        return {}
    said: dict[str, Any] = {
        "parts": [
            {
                "name": part.name,
                "root": part.root,
                "independent": part.independent,
                "sha256": part.sha256,
                "size": part.size,
            }
            for part in found
        ]
    }
    if preload := version.declared.get("preload"):
        said["preload"] = preload
    return said


@dataclass(frozen=True, slots=True)
class Borrowed:
    """One plugin that a version uses on a host app, and the version of it that fits; None when none does."""

    use: PluginUse
    version: Version | None


def plugins(host_app: HostApp, version: Version) -> list[Borrowed]:
    """Each plugin of the version with its newest fitting version, by alias.

    Fitting is a version of kind plugin that is fully released there and not withdrawn, lies in the range, and opens in
    every host app that opens the version itself.
    """
    uses = PluginUse.objects.of(host_app.workspace).filter(version=version).order_by("alias")
    return [_borrowed(host_app, version, use) for use in uses]


def plugins_terms(host_app: HostApp, version: Version) -> dict[str, Any]:
    """The member "plugins" of a version's terms. One that nothing fits is named with its alias and id alone.

    The signature over the terms vouches for the plugin's bytes; a signature of its own would add nothing.
    """
    found = plugins(host_app, version)
    return {"plugins": [_plugin_entry(each) for each in found]} if found else {}


def dependents(host_app: HostApp, plugin_id: str) -> Iterable[Version]:
    """The approved versions on the host app that use the plugin."""
    uses = PluginUse.objects.of(host_app.workspace).filter(plugin_id=plugin_id)
    approved = Review.objects.of(host_app.workspace).filter(
        host_app=host_app, state=ReviewState.APPROVED, version_id__in=uses.values("version_id")
    )
    rows = Version.objects.of(host_app.workspace).filter(pk__in=approved.values("version_id"))
    return rows.select_related("program").defer("files", "report").order_by("program_id", "code")


def _plugin_entry(borrowed: Borrowed) -> dict[str, Any]:
    named: dict[str, Any] = {"alias": borrowed.use.alias, "id": borrowed.use.plugin_id}
    version = borrowed.version
    if version is None:
        return named
    return named | {
        "code": version.code,
        "name": version.name,
        "entry": version.entry,
        "sha256": version.sha256,
        "size": version.size,
        "files_root": version.files_root,
    }


def _borrowed(host_app: HostApp, version: Version, use: PluginUse) -> Borrowed:
    workspace = host_app.workspace
    withdrawn = Listing.objects.of(workspace).filter(
        host_app=host_app, program__program_id=use.plugin_id, withdrawn_at__isnull=False
    )
    if withdrawn.exists():
        return Borrowed(use, None)
    released = Release.objects.of(workspace).filter(
        host_app=host_app,
        program__program_id=use.plugin_id,
        kind=Kind.FULL,
        state=State.RUNNING,
        version__kind=PLUGIN,
    )
    fitting = {
        release.version.name: release.version
        for release in released.select_related("version").defer("version__files", "version__report").order_by("serial")
        if covers(release.version.host_range, version.host_range)
    }
    name = newest_within(use.range, list(fitting))
    return Borrowed(use, None if name is None else fitting[name])
