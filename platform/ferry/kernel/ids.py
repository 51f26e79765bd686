"""Identifiers: sortable by time, unguessable in their random part, safe in URLs and host names."""

from __future__ import annotations

import secrets

from ferry.kernel import clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32, lower case: host names fold case
LENGTH = 26

# Names that others give, in characters: what a device token and a check-in can carry bounds every list of them.
LONGEST_USER = 128  # id of a user in the company's own system
LONGEST_DEVICE = 64


def new() -> str:
    """A ULID (github.com/ulid/spec) in lower case: 48 bits of milliseconds, then 80 random bits; 26 characters."""
    value = (clock.now_ms() & (1 << 48) - 1) << 80 | secrets.randbits(80)
    return _encode(value, LENGTH)


def is_id(text: str) -> bool:
    """Whether this may be an identifier: nothing else is looked up."""
    return len(text) == LENGTH and text.isascii() and text.isalnum()


def floor(milliseconds: int) -> str:
    """The smallest identifier that `new` gives from this moment on (ms since the epoch)."""
    return _encode((max(0, milliseconds) & (1 << 48) - 1) << 80, LENGTH)


def unguessable(bits: int = 160) -> str:
    """A random identifier without a time in it, `bits` a multiple of 5, in the same alphabet."""
    return _encode(secrets.randbits(bits), bits // 5)


_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def _encode(value: int, length: int) -> str:
    """Two characters at a time."""
    return "".join([_PAIRS[(value >> 5 * place) & 1023] for place in range(length - length % 2, -1, -2)])[-length:]
