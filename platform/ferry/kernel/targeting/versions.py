"""Version numbers: a total order for the versions of host apps and systems.

Real host apps say 6.3.0, 10.2, 6.3.0.1204 or 6.3.0-beta.2. Numbers compare as numbers, missing places are zeros, a
pre-release comes before its release, its parts compare as Semantic Versioning 2.0.0 says, and build metadata after
"+" does not count. What is no version at all has no place in the order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

Key = bytes
"""Sorts as the versions do, so that a comparison is one memcmp: every number with its length before it, without
trailing zeros, then 0; 0 for a pre-release and 1 for a release; the pre-release's parts."""
UNPLACED: Final[Key] = b""
"""Where what is no version stands: below everything."""
FIRST: Final[Key] = b"\0"
"""Below every version, and above what is none."""
LAST: Final[Key] = b"\xff"
"""Above every version."""

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
    return _loose(version) if len(version) <= MAX_LENGTH else None


def semver_key(version: str) -> Key | None:
    """The same order for strict Semantic Versioning 2.0.0 only: three numbers, no "v", no leading zeros."""
    return _strict(version) if len(version) <= MAX_LENGTH else None


# Cached, for a fleet runs few versions; short texts only, so that nobody can fill the memory with long ones. A cache
# for each shape: a compiled pattern as part of the key would be hashed anew every time.
@lru_cache(maxsize=4096)
def _loose(version: str) -> Key | None:
    return _key(_LOOSE.fullmatch(version))


@lru_cache(maxsize=4096)
def _strict(version: str) -> Key | None:
    return _key(_SEMVER.fullmatch(version))


def _key(found: re.Match[str] | None) -> Key | None:
    if found is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    key = b"".join(map(_number, numbers)) + b"\0"
    if found[2] is None:
        return key + b"\1"
    return key + b"\0" + b"".join(map(_part, found[2].split(".")))


def _part(part: str) -> bytes:
    """Numbers come before words, and a longer pre-release after a shorter one that it begins with."""
    return b"\1" + _number(int(part)) if part.isdigit() else b"\2%b\0" % part.encode()


def _number(number: int) -> bytes:
    """Longer is larger; the length counts from 1, so that nothing ends before a number does."""
    size = (number.bit_length() + 7) // 8
    return bytes([size + 1]) + number.to_bytes(size, "big")
