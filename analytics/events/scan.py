"""The events of a body that the decoder gives up: one that is nested too deeply, or no JSON, spoils no other. Pure.

Looks at nothing but strings, brackets and commas. What it cuts out is then decoded piece by piece, so it need not know
whether a piece is JSON. Python's json writes NaN, which no JSON is, and SDKs in Python send it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_TOKENS = 200_000  # about 50 ms: no ordinary batch of 500 KB has so many
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{]+|[\]}]+|,', re.DOTALL)
_NAME = re.compile(rb'\s*"([^"\\]*)"\s*:')


def members(text: bytes) -> dict[bytes, bytes]:
    """The members of the object that a body is. Raises ValueError."""
    if text.lstrip()[:1] != b"{":
        raise ValueError("it is no object")
    found = {}
    for part in _parts(text):
        name = _NAME.match(part)
        if name is not None:
            found[name[1]] = part[name.end() :].strip()
    return found


def elements(text: bytes) -> list[bytes]:
    """The elements of an array. Raises ValueError."""
    if text[:1] != b"[":
        raise ValueError("“batch” is no array")
    return [part.strip() for part in _parts(text)]


def _parts(text: bytes) -> Iterator[bytes]:
    """What stands between the outermost brackets, cut at their commas."""
    depth = begin = 0
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number == MOST_TOKENS:
            raise ValueError("it holds too much")
        sign = token[0][:1]
        if sign in b"[{":
            if not depth:
                begin = token.start() + 1
            depth += len(token[0])
        elif sign in b"]}":
            if len(token[0]) >= depth:
                last = text[begin : token.start() + depth - 1]
                if last.strip():
                    yield last
                if text[token.start() + depth :].strip():
                    raise ValueError("it goes on after its end")
                return
            depth -= len(token[0])
        elif sign == b"," and depth == 1:
            yield text[begin : token.start()]
            begin = token.end()
    raise ValueError("it ends too early")
