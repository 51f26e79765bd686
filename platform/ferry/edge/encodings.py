"""Which prepared form of a package a request gets: RFC 9110 section 12.5.3 for encodings, RFC 9842 for dictionaries.

Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

IDENTITY = "identity"
DCZ = "dcz"
DCZ_MAGIC = bytes.fromhex("5e2a4d1820000000")  # a skippable zstd frame of 32 bytes, which are the dictionary's hash

_ENTRY = re.compile(
    rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)
_LONGEST = 1024  # bytes of a header that are read; browsers send about 30
_DEFAULT = -1.0  # of identity when nobody mentions it: taken, but after everything that was asked for


def order(accept: bytes | None, available: Sequence[str]) -> list[str]:
    """The encodings of `available`, best first, that the client takes; what it likes equally in the order given.

    Identity is always the last resort: a package in a form that somebody did not ask for is of more use than none.
    """
    wishes = _wishes(accept)
    rest = wishes.get("*", 0.0)
    liked = {each: wishes.get(each, rest) for each in available}
    found = sorted((each for each in available if liked[each] > 0), key=lambda each: -liked[each])
    own = wishes.get(IDENTITY, _DEFAULT)
    place = sum(liked[each] >= own for each in found)
    return [*found[:place], IDENTITY]


def available_dictionary(header: bytes) -> bytes | None:
    """The sha256 that an Available-Dictionary header names (a structured-field byte sequence), or None."""
    text = header.strip()
    if len(text) != 46 or text[:1] != b":" or text[-1:] != b":":
        return None
    try:
        return base64.b64decode(text[1:-1], validate=True)
    except binascii.Error:
        return None


def dcz_head(dictionary: bytes) -> bytes:
    """The 40 bytes before the zstd frame of a dcz body."""
    return DCZ_MAGIC + dictionary


def _wishes(accept: bytes | None) -> dict[str, float]:
    """Encoding → weight. Entries that cannot be read count as not written."""
    found: dict[str, float] = {}
    for entry in (accept or b"")[:_LONGEST].split(b","):
        match = _ENTRY.fullmatch(entry)
        if match is not None:
            found[match[1].decode().lower()] = float(match[2]) if match[2] else 1.0
    return found
