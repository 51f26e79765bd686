"""codepush: what a CodePush plugin installs. A React Native bundle with its assets, or a Cordova app's www folder.

The names are the plugins' own: theirs for the bundle, and "www/index.html" as the page that Cordova opens. A bundle
that was named otherwise (`bundleFileName`) is told by `entry` in ferry.json, as long as one of these is there too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from miniapps.packages.findings import Code, Finding
from miniapps.packages.kinds.files import Files
from miniapps.packages.kinds.kind import Choices, Kind
from miniapps.packages.manifest import Manifest

_BUNDLES = ("index.android.bundle", "index.ios.bundle", "index.harmony.bundle", "main.jsbundle")
_CORDOVA = "www/index.html"


def _entry(paths: Collection[str]) -> str | None:
    bundle = next((name for name in _BUNDLES if name in paths), None)
    return bundle or (_CORDOVA if _is_cordova(paths) else None)


def _is_cordova(paths: Collection[str]) -> bool:
    """A folder www beside something else, and no page at the root: www alone is a folder around an h5 package."""
    return _CORDOVA in paths and "index.html" not in paths and any(not path.startswith("www/") for path in paths)


def _find(paths: Collection[str]) -> bool:
    return _entry(paths) is not None


def _read(files: Files) -> Manifest:
    return Manifest(entry=_entry(files.paths) or "")


def _page_files(page: str, manifest: Manifest) -> Iterable[Choices]:
    return ()


def _check(manifest: Manifest, files: Files) -> Iterable[Finding]:
    if manifest.entry not in files:
        yield Finding(Code.ENTRY_MISSING, manifest.file, {"entry": manifest.entry})


KIND = Kind("codepush", _find, _read, _page_files, _check, owns_pages=False)
