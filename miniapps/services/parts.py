"""Writes behind parts and plugins: cut a package, remember what it borrows, tell dependents when a plugin moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from ferry.kernel.identity.models import HostApp
from ferry.kernel.publishing.services import Publication
from ferry.kernel.storage import blobs
from miniapps import workshop
from miniapps.errors import PluginMissing
from miniapps.models import MiniProgram, Part, PluginUse, Version
from miniapps.packages.canonical import FileRow
from miniapps.packages.parts import split, write_part
from miniapps.selectors.parts import dependents, plugins
from miniapps.services.terms import settle_version


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part whose blob is durable and whose row is not yet written."""

    name: str
    root: str
    independent: bool
    sha256: str
    size: int


def store_parts(declared: Mapping[str, Any], files: Sequence[FileRow], package: BinaryIO) -> list[StoredPart]:
    """Cut the canonical package into its parts and store each; nothing for one without sub-packages."""
    stored: list[StoredPart] = []
    for part in split(declared.get("subpackages", ()), files):
        with workshop.temporary() as out:
            sha256, size = write_part(part, package, out)
            out.seek(0)
            blobs().put(out)
        stored.append(StoredPart(part.name, part.root, part.independent, sha256, size))
    return stored


def keep_parts(version: Version, stored: Sequence[StoredPart]) -> None:
    """The rows of a new version's parts and plugins, in the transaction that makes the version."""
    Part.objects.of(version.workspace).bulk_create(
        Part(
            workspace=version.workspace,
            version=version,
            place=place,
            name=part.name,
            root=part.root,
            independent=part.independent,
            sha256=part.sha256,
            size=part.size,
        )
        for place, part in enumerate(stored)
    )
    PluginUse.objects.of(version.workspace).bulk_create(
        PluginUse(
            workspace=version.workspace,
            version=version,
            plugin_id=each["id"],
            alias=each["alias"],
            range=each["range"],
        )
        for each in version.declared.get("plugins", ())
    )


def require_plugins(host_app: HostApp, version: Version) -> None:
    """Refuse to release a version whose plugins are not there. Raises PluginMissing."""
    for each in plugins(host_app, version):
        if each.version is None:
            raise PluginMissing(plugin=each.use.plugin_id, range=each.use.range, host_app=str(host_app))


def settle_dependents(publication: Publication, plugin: MiniProgram) -> None:
    """After a release, an end or a withdrawal: bring up to date the terms of whoever uses this program as a plugin."""
    for version in dependents(publication.host_app, plugin.program_id):
        settle_version(publication, version)
