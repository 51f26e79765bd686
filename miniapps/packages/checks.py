"""That what a mini-program declares is in it: pages exist, sub-packages hold something and lie apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from miniapps.packages.declared import Declared, Subpackage
from miniapps.packages.findings import Code, Finding
from miniapps.packages.ranges import is_range
from miniapps.permissions import domains

PageFiles = Callable[[str], Iterable[Sequence[str]]]
"""The files of a page: of each group one has to be there."""


def missing_pages(pages: Sequence[str], paths: Collection[str], manifest: str, files: PageFiles) -> Iterator[Finding]:
    """The pages that lack a file. `manifest` is the file that lists them."""
    for page in pages:
        for choices in files(page):
            if not any(choice in paths for choice in choices):
                yield Finding(Code.PAGE_MISSING, manifest, {"page": page, "file": choices[0]})


def check_declared(declared: Declared, paths: Collection[str], manifest: str) -> list[Finding]:
    """What does not hold of the sub-packages and the preload rules."""
    return [
        *_wrong_subpackages(declared.subpackages, paths, manifest),
        *_wrong_preloads(declared, manifest),
        *_wrong_plugins(declared, manifest),
        *_wrong_domains(declared, manifest),
    ]


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


def _wrong_domains(declared: Declared, manifest: str) -> Iterator[Finding]:
    """Domains that no host app could grant: told now, and not when somebody decides."""
    for use, addresses in declared.domains.items():
        kept = set()
        for address in addresses:
            try:
                kept.add(domains.clean(address))
            except domains.BadDomain:
                yield Finding(Code.DOMAIN_REFUSED, manifest, {"domain": address})
        if len(kept) > domains.MOST_DOMAINS:
            yield Finding(Code.DOMAINS_TOO_MANY, manifest, {"use": use, "limit": domains.MOST_DOMAINS})
