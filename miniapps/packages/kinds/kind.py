"""What a kind of mini-program has to offer. A new kind is a module with one of these, listed in KINDS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from miniapps.packages.findings import Finding
from miniapps.packages.kinds.files import Files
from miniapps.packages.manifest import Manifest

Choices = Sequence[str]
"""Names that a file may have: one of them has to be in the package."""


def nothing_more(manifest: Manifest, files: Files) -> Iterable[Finding]:
    """The check of a kind that asks for nothing of its own."""
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is told, read and checked."""

    name: str
    find: Callable[[Collection[str]], bool]
    """Whether these paths are such a package. Looks at names only."""
    read: Callable[[Files], Manifest]
    """What it says about itself, with the entry. Adds findings to the report, or raises Refused."""
    page_files: Callable[[str, Manifest], Iterable[Choices]]
    """The files that a page consists of."""
    check: Callable[[Manifest, Files], Iterable[Finding]] = nothing_more
    """The errors that only this kind knows."""
    owns_pages: bool = True
    """Whether pages and sub-packages are told by its own files, so that ferry.json cannot tell others."""
    source: bool = False
    """A source tree: kept and checked, but nothing that a device could run."""
