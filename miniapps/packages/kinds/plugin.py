"""plugin: code that mini-programs of the same workspace borrow. plugin.json at its root, index.js opens it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from miniapps.packages.findings import Code, Finding
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Choices, Kind
from miniapps.packages.manifest import Manifest, read_members

_FILE, _ENTRY = "plugin.json", "index.js"


def _find(paths: Collection[str]) -> bool:
    return _FILE in paths


def _read(files: Files) -> Manifest:
    manifest = read_members(files.object(_FILE), _FILE, ignored=lambda member, known: files.ignored(_FILE, member))
    return manifest.or_else(Manifest(entry=_ENTRY))


def _page_files(page: str, manifest: Manifest) -> Iterable[Choices]:
    yield page, f"{page}.html", f"{page}.js"


def _check(manifest: Manifest, files: Files) -> Iterable[Finding]:
    if manifest.entry not in files:
        yield Finding(Code.ENTRY_MISSING, manifest.file, {"entry": manifest.entry})


KIND = Kind("plugin", _find, _read, _page_files, _check, owns_pages=False)
