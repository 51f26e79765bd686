"""From an archive to a draft of a package: guarded, understood, ready to be written in its canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from miniapps.packages import names
from miniapps.packages.canonical import Package, write_package
from miniapps.packages.checks import check_declared
from miniapps.packages.findings import Code, Finding, Refused, Report
from miniapps.packages.guard import Archive, Limits, open_archive
from miniapps.packages.kinds import Layout, find_layout
from miniapps.packages.manifest import MAX_BYTES, Manifest, read_manifest

MAX_ICON_BYTES = 2 << 20
_ICONS = ("icon.png", "icon.webp", "icon.jpg", "icon.jpeg")
_ENDINGS = ("", ".html", "/index.html")  # how a page of a web application is written


@dataclass(frozen=True, slots=True)
class Draft:
    """An archive that was accepted so far. Its contents are proven while `write` reads them."""

    layout: Layout
    manifest: Manifest
    report: Report
    sources: dict[str, str]  # path in the package → path in the archive
    archive: Archive

    @property
    def entry(self) -> str:
        """The path that opens first."""
        return self.manifest.entry or self.layout.entry

    @property
    def declared(self) -> dict[str, Any]:
        """What its manifest declares, with the bytes of each sub-package."""
        sizes = {path: self.archive.entries[source].size for path, source in self.sources.items()}
        return self.manifest.declared.as_json(sizes)

    def write(self, out: BinaryIO) -> Package:
        """Write the canonical package. Raises Refused when the content is not what the archive declared."""
        return write_package(self.sources, lambda path: self.archive.read(self.sources[path]), out)

    def icon(self) -> bytes | None:
        """The picture that the package brings for itself: as its manifest says, else icon.png and the like."""
        wanted = (self.manifest.icon.removeprefix("./"),) if self.manifest.icon else _ICONS
        path = next((path for path in wanted if path in self.sources), None)
        return None if path is None else self._read(path, MAX_ICON_BYTES)

    def _read(self, path: str, limit: int) -> bytes | None:
        source = self.sources[path]
        if self.archive.entries[source].size > limit:
            return None
        return b"".join(self.archive.read(source))


def examine(file: BinaryIO, limits: Limits) -> Draft:
    """Look at an uploaded archive without writing anything. Raises Refused at the first thing that refuses it."""
    archive = open_archive(file, limits)
    report = Report()
    kept = _without_clutter(archive, report)
    layout = find_layout(kept)
    if layout.prefix:
        report.warnings.append(Finding(Code.FOLDER_STRIPPED, layout.prefix))
    sources = {path.removeprefix(layout.prefix): source for path, source in kept.items()}

    def read(path: str) -> bytes:
        if archive.entries[sources[path]].size > MAX_BYTES:
            raise Refused(Code.MANIFEST_TOO_LARGE, path, limit=MAX_BYTES)
        return b"".join(archive.read(sources[path]))

    manifest = read_manifest(sources, read, report)
    draft = Draft(layout, manifest, report, sources, archive)
    if draft.entry not in sources:
        report.errors.append(Finding(Code.ENTRY_MISSING, manifest.file, {"entry": draft.entry}))
    report.errors.extend(check_declared(manifest.declared, sources, manifest.file, _ENDINGS))
    if manifest.icon and manifest.icon.removeprefix("./") not in sources:
        report.warnings.append(Finding(Code.ICON_UNUSABLE, manifest.icon))
    return draft


def _without_clutter(archive: Archive, report: Report) -> dict[str, str]:
    """Path in normal form → path in the archive, of what belongs to the mini-program."""
    kept: dict[str, str] = {}
    for source in archive.entries:
        if names.is_clutter(source):
            report.ignored.append(Finding(Code.FILE_IGNORED, source))
            continue
        path = names.normal(source)
        if path != source:
            report.warnings.append(Finding(Code.NAME_NORMALISED, source))
        kept[path] = source
    if not kept:
        raise Refused(Code.EMPTY)
    return kept
