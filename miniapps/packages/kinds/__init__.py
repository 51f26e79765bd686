"""What kind of mini-program an archive holds, told by its content, and where its root is.

Each kind is a module with how it is found, read and checked; one that joins is an entry in KINDS.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from miniapps.packages.findings import Code, Refused
from miniapps.packages.kinds import codepush, dimina, h5, plugin, sources, w3c
from miniapps.packages.kinds.kind import Kind

H5, PLUGIN, DIMINA, W3C = h5.KIND.name, plugin.KIND.name, dimina.KIND.name, w3c.KIND.name
WECHAT, ALIPAY = sources.WECHAT.name, sources.ALIPAY.name

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        dimina.KIND,
        plugin.KIND,
        sources.WECHAT,
        sources.ALIPAY,
        codepush.KIND,
        h5.KIND,
        w3c.KIND,
    )
}
"""In the order in which they are tried: a file that nobody has by accident goes before an index.html."""

SOURCES = frozenset(kind.name for kind in KINDS.values() if kind.source)
"""Kinds that are kept and checked, and that no device can run."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the mini-program lies in the archive. `prefix` is the folder around it with its slash, or empty."""

    kind: str
    prefix: str
    suite: bool = False  # a package of the W3C test suite, see w3c.SUITE


def find_layout(paths: Collection[str]) -> Layout:
    """The kind, and whether one folder is wrapped around everything: developers zip the folder as often as its content.

    Raises Refused when no known kind is in there.
    """
    for prefix in _prefixes(paths):
        inside = {path.removeprefix(prefix) for path in paths}
        for kind in KINDS.values():
            if kind.find(inside):
                return Layout(kind.name, prefix)
    suite = {path.removeprefix("src/") for path in paths if path.startswith("src/")}
    if w3c.SUITE in paths and len(suite) == len(paths) - 1 and w3c.KIND.find(suite):
        return Layout(W3C, "src/", suite=True)
    raise Refused(Code.NO_ENTRY)


def _prefixes(paths: Collection[str]) -> Iterator[str]:
    yield ""
    top = {path.partition("/")[0] for path in paths}
    if len(top) == 1 and all("/" in path for path in paths):
        yield f"{next(iter(top))}/"
