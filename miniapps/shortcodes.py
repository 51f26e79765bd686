"""The code of a short link: the number of its host app in base 36, then eight random characters. Pure.

So an edge finds the host app, and in it the part of the snapshot, without asking anybody.
"""

from __future__ import annotations

import re

_RANDOM = 8
_CODE = re.compile(r"([1-9a-z][0-9a-z]{0,6})([0-9abcdefghjkmnpqrstvwxyz]{8})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def make(number: int, random: str) -> str:
    """The code. `random` has eight characters of the alphabet of ids."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits + random


def number_of(code: str) -> int | None:
    """The number of the host app; None for what is no code."""
    found = _CODE.fullmatch(code)
    return None if found is None else int(found[1], 36)


def shelf(code: str) -> str:
    """Which part of the snapshot holds the link: one of 32, so that a new link publishes a thirty-second part."""
    return code[-1]
