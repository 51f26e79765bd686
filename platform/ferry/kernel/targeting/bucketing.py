"""Which bucket an identifier falls into: Unleash's normalisation (client-specification v6.1.0).

Buckets run from 1 to `of`, and a share is passed by every bucket up to it. So raising a share only ever adds, and
lowering and raising it again returns the same devices. The same group gives the same cohort; another group, an
independent one. Golden vectors for other languages: tests/kernel/targeting/vectors.json.
"""

from __future__ import annotations

from typing import Final

import mmh3

SHARES: Final = 10_000
"""Ferry's rollouts count in 1/10,000, that is in steps of 0.01 %."""

VARIANT_SEED: Final = 86_028_157
"""Unleash draws variants under a seed of their own, so that a variant does not follow from the rollout's bucket."""


digest: Final = mmh3.mmh3_32_uintdigest
"""murmur3 (x86, 32 bits) of bytes; decision.decide asks it itself."""


def bucket(identifier: str, group: str, of: int = SHARES, *, seed: int = 0) -> int:
    """murmur3 (x86, 32 bits) of "group:identifier", brought to 1..of."""
    return position(f"{group}:{identifier}", of, seed)


def position(key: str, of: int, seed: int) -> int:
    """`bucket` of a key that is put together already; rollouts keep "group:" ready."""
    return digest(encoded(key), seed) % of + 1


def encoded(key: str) -> bytes:
    """The bytes that are hashed.

    Encoded here and not by the library: half a surrogate pair, which JSON can carry, crashes mmh3 5.3.1 (SIGSEGV).
    """
    try:
        return key.encode()
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogatepass")
