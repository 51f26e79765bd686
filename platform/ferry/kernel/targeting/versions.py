"""Version numbers: a total order for the versions of host apps and systems.

Real host apps say 6.3.0, 10.2, 6.3.0.1204 or 6.3.0-beta.2. Numbers compare as numbers, missing places are zeros, a
pre-release comes before its release, its parts compare as Semantic Versioning 2.0.0 says, and build metadata after
"+" does not count. What is no version at all has no place in the order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

Key = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]
"""Numbers without trailing zeros; 0 for a pre-release and 1 for a release; the pre-release's parts."""

MAX_LENGTH: Final = 64

_LOOSE = re.compile(
    r"([0-9]{1,18}(?:\.[0-9]{1,18}){0,5})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)
_NUMBER = r"(?:0|[1-9][0-9]{0,17})"
_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"({_NUMBER}\.{_NUMBER}\.{_NUMBER})(?:-({_PART}(?:\.{_PART})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def version_key(version: str) -> Key | None:
    """The place of a version in the total order; None for what is no version."""
    return _key(_LOOSE, version) if len(version) <= MAX_LENGTH else None


def semver_key(version: str) -> Key | None:
    """The same order for strict Semantic Versioning 2.0.0 only: three numbers, no "v", no leading zeros."""
    return _key(_SEMVER, version) if len(version) <= MAX_LENGTH else None


@lru_cache(maxsize=4096)
def _key(shape: re.Pattern[str], version: str) -> Key | None:
    """Cached, for a fleet runs few versions; short texts only, so that nobody can fill the memory with long ones."""
    found = shape.fullmatch(version)
    if found is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    if found[2] is None:
        return tuple(numbers), 1, ()
    # Numbers come before words, and a longer pre-release after a shorter one that it begins with.
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[2].split("."))
    return tuple(numbers), 0, parts
