"""That what a mini-program declares is in it: pages exist, sub-packages hold something and lie apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from miniapps.packages.declared import Declared, Subpackage
from miniapps.packages.findings import Code, Finding
from miniapps.packages.ranges import is_range


def check_declared(declared: Declared, paths: Collection[str], manifest: str, endings: Sequence[str]) -> list[Finding]:
    """What does not hold. `manifest` is the file that declares; `endings` are what a page's file has after it."""
    return [
        *_missing_pages(declared.pages, paths, manifest, endings),
        *_wrong_subpackages(declared.subpackages, paths, manifest),
        *_wrong_preloads(declared, manifest),
        *_wrong_plugins(declared, manifest),
    ]


def _missing_pages(
    pages: Sequence[str], paths: Collection[str], manifest: str, endings: Sequence[str]
) -> Iterator[Finding]:
    for page in pages:
        if not page.startswith("#") and not any(page + ending in paths for ending in endings):
            yield Finding(Code.PAGE_MISSING, manifest, {"page": page})


def _wrong_subpackages(subpackages: Sequence[Subpackage], paths: Collection[str], manifest: str) -> Iterator[Finding]:
    names: set[str] = set()
    for each in subpackages:
        if each.name in names:
            yield Finding(Code.SUBPACKAGE_TWICE, manifest, {"name": each.name})
        names.add(each.name)
        if not any(map(each.holds, paths)):
            yield Finding(Code.SUBPACKAGE_EMPTY, manifest, {"name": each.name, "root": each.root})
    last: Subpackage | None = None
    for each in sorted(subpackages, key=lambda each: f"{each.root}/"):
        if last is not None and f"{each.root}/".startswith(f"{last.root}/"):
            yield Finding(Code.SUBPACKAGE_OVERLAP, manifest, {"name": each.name, "other": last.name})
        else:
            last = each


def _wrong_preloads(declared: Declared, manifest: str) -> Iterator[Finding]:
    names = {each.name for each in declared.subpackages}
    for page, wanted in declared.preload.items():
        if declared.pages and page not in declared.pages:
            yield Finding(Code.PAGE_UNKNOWN, manifest, {"page": page})
        for name in wanted:
            if name not in names:
                yield Finding(Code.SUBPACKAGE_UNKNOWN, manifest, {"name": name})


def _wrong_plugins(declared: Declared, manifest: str) -> Iterator[Finding]:
    for each in declared.plugins:
        if not is_range(each.range):
            yield Finding(Code.PLUGIN_RANGE, manifest, {"alias": each.alias, "range": each.range})
