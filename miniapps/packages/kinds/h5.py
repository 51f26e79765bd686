"""h5: a web application with an index.html, also as .amr or .wgt, which are zips under another name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from miniapps.packages.findings import Code, Finding
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Choices, Kind
from miniapps.packages.manifest import FILE, OTHERS, Manifest, read_members

_ENTRY = "index.html"


def _find(paths: Collection[str]) -> bool:
    return _ENTRY in paths


def _read(files: Files) -> Manifest:
    """A manifest.json may be a web app's or another platform's, so what cannot be used of it is ignored."""
    if FILE in files or OTHERS not in files:
        return Manifest(entry=_ENTRY)

    def unusable(member: str, known: bool) -> None:
        if known:  # the others are a web manifest's own
            files.ignored(OTHERS, member)

    manifest = read_members(files.object(OTHERS), OTHERS, unusable)
    return manifest.or_else(Manifest(entry=_ENTRY))


def _page_files(page: str, manifest: Manifest) -> Iterable[Choices]:
    if not page.startswith("#"):  # a route of the page that opens first
        yield page, f"{page}.html", f"{page.rstrip('/')}/index.html"


def _check(manifest: Manifest, files: Files) -> Iterable[Finding]:
    if manifest.entry not in files:
        yield Finding(Code.ENTRY_MISSING, manifest.file, {"entry": manifest.entry})


KIND = Kind("h5", _find, _read, _page_files, _check, owns_pages=False)
