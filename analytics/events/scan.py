"""The events of a body that the decoder gives up: one that is nested too deeply, or no JSON, spoils no other. Pure.

Looks at nothing but strings, brackets and commas. What it cuts out is then decoded piece by piece, so it need not know
whether a piece is JSON. Python's json writes NaN, which no JSON is, and SDKs in Python send it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_TOKENS = 40_000  # some 20 ms; an ordinary event has five to ten, and only the outermost commas count
_FILL = rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+'  # what stands between two tokens, strings whole
_DEEP = re.compile(_FILL.replace(b"{},", b"{}") + rb"([\[{]+|[\]}]+)", re.DOTALL)
_OUTER = re.compile(_FILL + rb"([\[{]+|[\]}]+|,)", re.DOTALL)
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
    depth = begin = at = 0
    for _ in range(MOST_TOKENS):
        token = (_DEEP if depth > 1 else _OUTER).match(text, at)
        if token is None:
            raise ValueError("it ends too early")
        sign, at = token[1], token.end()
        if sign == b",":
            if depth == 1:
                yield text[begin : token.start(1)]
                begin = at
        elif sign[:1] in b"[{":
            if not depth:
                begin, at = token.start(1) + 1, token.start(1) + 1  # what follows may belong to the first part
                depth = 1
            else:
                depth += len(sign)
        elif len(sign) >= depth:
            end = token.start(1) + depth
            if text[begin : end - 1].strip():
                yield text[begin : end - 1]
            if text[end:].strip():
                raise ValueError("it goes on after its end")
            return
        else:
            depth -= len(sign)
    raise ValueError("it holds too much")
