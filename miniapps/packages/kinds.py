"""What kind of mini-program an archive holds, told by its content, and where its root is.

h5 is a web application with an index.html; plugin is code that other mini-programs borrow, with a plugin.json. Each
kind that joins is an entry in KINDS.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from miniapps.packages.findings import Code, Refused

H5 = "h5"
PLUGIN = "plugin"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the mini-program lies in the archive. `prefix` is the wrapping folder with its slash, or empty."""

    kind: str
    prefix: str
    entry: str  # the path that opens first unless the manifest names another


def _is_h5(paths: Collection[str]) -> str | None:
    return "index.html" if "index.html" in paths else None


def _is_plugin(paths: Collection[str]) -> str | None:
    return "index.js" if "plugin.json" in paths else None


KINDS: Mapping[str, Callable[[Collection[str]], str | None]] = {PLUGIN: _is_plugin, H5: _is_h5}
"""Kind to a function that gives the entry of such a package, or None when the paths are no such package."""


def find_layout(paths: Collection[str]) -> Layout:
    """The kind, and whether one folder is wrapped around everything: developers zip the folder as often as its content.

    Raises Refused when no known kind is in there.
    """
    prefixes = [""]
    top = {path.partition("/")[0] for path in paths}
    if len(top) == 1 and all("/" in path for path in paths):
        prefixes.append(f"{next(iter(top))}/")
    for prefix in prefixes:
        inside = {path.removeprefix(prefix) for path in paths}
        for kind, entry_of in KINDS.items():
            if (entry := entry_of(inside)) is not None:
                return Layout(kind, prefix, entry)
    raise Refused(Code.NO_ENTRY)
