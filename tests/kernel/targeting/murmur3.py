"""murmur3, x86, 32 bits, written from its description: a second opinion on the library that Ferry calls."""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def murmur3(data: bytes, seed: int = 0) -> int:
    whole = len(data) // 4 * 4
    state = seed
    for start in range(0, whole, 4):
        state = _rotate(state ^ _scramble(int.from_bytes(data[start : start + 4], "little")), 13)
        state = (state * 5 + 0xE6546B64) & _MASK
    state ^= _scramble(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state = ((state ^ state >> shift) * factor) & _MASK
    return state ^ state >> 16


def _scramble(block: int) -> int:
    return _rotate(block * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & _MASK
