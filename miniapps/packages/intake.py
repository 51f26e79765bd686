"""From an archive to a draft of a package: guarded, understood, ready to be written in its canonical form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from miniapps.packages import names
from miniapps.packages.canonical import Package, write_package
from miniapps.packages.checks import check_declared, missing_pages
from miniapps.packages.declared import Declared
from miniapps.packages.findings import Code, Finding, Refused, Report
from miniapps.packages.guard import Archive, Limits, open_archive
from miniapps.packages.kinds import KINDS, Layout, find_layout
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Kind
from miniapps.packages.manifest import FILE, Manifest, read_members
from miniapps.packages.sizes import Budgets, over_budget, size_table

MAX_ICON_BYTES = 2 << 20
_ARCHIVES = (
    b"PK\3\4",
    b"\x1f\x8b\x08",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
)
"""How zip, gzip, 7z, rar, bzip2, xz and zstd begin."""
_ICONS = ("icon.png", "icon.webp", "icon.jpg", "icon.jpeg")


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
        """What opens first: a path of an h5 package or a plugin, a page of the other kinds."""
        return self.manifest.entry

    @property
    def declared(self) -> dict[str, Any]:
        """What its manifest declares, with the bytes of each sub-package."""
        return self.manifest.declared.as_json(self._sizes())

    @property
    def sizes(self) -> list[dict[str, Any]]:
        """The size table, see packages.sizes."""
        return size_table(self.declared["subpackages"], sum(self._sizes().values()))

    def _sizes(self) -> dict[str, int]:
        return {path: self.archive.entries[source].size for path, source in self.sources.items()}

    def write(self, out: BinaryIO) -> Package:
        """Write the canonical package. Raises Refused when the content is not what the archive declared."""
        return write_package(self.sources, self._noticed, out)

    def _noticed(self, path: str) -> Iterator[bytes]:
        """The content; the report learns when it is an archive of its own, which nothing here ever unpacks."""
        chunks = self.archive.read(self.sources[path])
        for first in chunks:
            if first.startswith(_ARCHIVES):
                self.report.warnings.append(Finding(Code.NESTED_ARCHIVE, path))
            yield first
            yield from chunks

    def icon(self) -> bytes | None:
        """The picture that the package brings for itself: as its manifest says, else icon.png and the like."""
        wanted = (self.manifest.icon.removeprefix("./"),) if self.manifest.icon else _ICONS
        path = next((path for path in wanted if path in self.sources), None)
        if path is None or self.archive.entries[self.sources[path]].size > MAX_ICON_BYTES:
            return None
        return b"".join(self.archive.read(self.sources[path]))


def examine(file: BinaryIO, limits: Limits, budgets: Budgets | None = None) -> Draft:
    """Look at an uploaded archive without writing anything. Raises Refused at the first thing that refuses it.

    Stages: guard, kind, manifest, structure, size. What is wrong after the guard is collected in the report, so that a
    developer sees all of it at once.
    """
    archive = open_archive(file, limits)
    report = Report()
    kept = _without_clutter(archive, report)
    layout = find_layout(kept)
    sources = {
        path.removeprefix(layout.prefix): source for path, source in kept.items() if path.startswith(layout.prefix)
    }
    if layout.prefix:
        report.warnings.append(Finding(Code.FOLDER_STRIPPED, layout.prefix))

    def content(path: str, limit: int) -> bytes:
        if archive.entries[sources[path]].size > limit:
            raise Refused(Code.MANIFEST_TOO_LARGE, path, limit=limit)
        return b"".join(archive.read(sources[path]))

    kind = KINDS[layout.kind]
    files = Files(sources, content, report)
    draft = Draft(layout, _manifest(kind, files), report, sources, archive)
    _check_structure(kind, draft, files)
    report.errors.extend(over_budget(draft.sizes, budgets or Budgets()))
    if kind.source:
        report.warnings.append(Finding(Code.SOURCE_ONLY, "", {"kind": kind.name}))
    return draft


def _manifest(kind: Kind, files: Files) -> Manifest:
    """What the kind's own files say, and over it what ferry.json says."""
    own = kind.read(files)
    if FILE not in files:
        return own

    def unusable(member: str, known: bool) -> None:
        if known:
            files.wrong(FILE, member)
        else:
            files.ignored(FILE, member)

    ours = read_members(files.object(FILE), FILE, unusable)
    if not kind.owns_pages:
        return ours.or_else(own)
    for member in ("pages", "subpackages"):
        if getattr(ours.declared, member):
            files.ignored(FILE, member)
    if ours.entry and ours.entry not in own.declared.pages:
        files.report.errors.append(Finding(Code.PAGE_UNKNOWN, FILE, {"page": ours.entry}))
    declared = replace(ours.declared, pages=(), subpackages=()).or_else(own.declared)
    return replace(ours.or_else(own), declared=declared)


def _check_structure(kind: Kind, draft: Draft, files: Files) -> None:
    manifest, report = draft.manifest, draft.report
    declared: Declared = manifest.declared
    lacking: Iterable[Finding] = missing_pages(
        declared.pages, files.paths, manifest.file, lambda page: kind.page_files(page, manifest)
    )
    if draft.layout.suite:
        report.warnings.append(Finding(Code.PROFILE_W3C_SUITE))
        report.warnings.extend(lacking)
    else:
        report.errors.extend(lacking)
    report.errors.extend(check_declared(declared, files.paths, manifest.file))
    report.errors.extend(kind.check(manifest, files))
    if manifest.icon and manifest.icon.removeprefix("./") not in files:
        report.warnings.append(Finding(Code.ICON_UNUSABLE, manifest.icon))


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
