"""Which package a preview host shows. The app that owns previews registers how one is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """One expiring, unguessable host name and the canonical package behind it."""

    sha256: str
    files: tuple[tuple[str, int, int, str], ...]  # path, offset of its bytes in the stored zip, size, sha256
    entry: str  # the path shown at "/"
    expires_at: datetime
    connect: tuple[str, ...] = ()  # public host names that its pages may call over https; a star as in a policy
    frames: tuple[str, ...] = ()  # and those that they may show in a frame
    released: bool = False  # a version that is out: any page may load its files, and its host asks for `<id>/<path>`


Finder = Callable[[str], Preview | None]

_finder: Finder | None = None


def register_previews(find: Finder) -> None:
    """Say how a label is looked up. `find` may read the database; it is called off the event loop."""
    global _finder
    _finder = find


def finder() -> Finder | None:
    """The registered lookup, or None when no app offers previews."""
    return _finder
