"""JSON (RFC 8259) without what bites later. Pure: text in, a value out.

Refused: duplicate names (parsers disagree on them), NaN and infinities, numbers beyond 64 bits, NUL characters and lone
surrogates (no database stores them), and nesting deeper than DEEPEST.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

DEEPEST = 64  # lists and objects inside each other; whoever writes the value again must not run out of stack
_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(text: str) -> Any:
    """The value. Raises ValueError, whose text says what is wrong."""
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if text.count("[") + text.count("{") > DEEPEST and nesting(value) > DEEPEST:
        raise ValueError("it is nested too deeply")
    if "\\u" in text:  # only an escape can bring a NUL or a surrogate in
        _refuse_unstorable(value)
    return value


def nesting(value: Any) -> int:
    """How many lists and objects lie inside each other, the innermost value counted too."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((child, level + 1) for child in inner)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise ValueError(f"the name “{counted.most_common(1)[0][0][:64]}” stands twice in one object")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _int(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise ValueError("a number has more than 64 bits")
    return int(text)


def _refuse_unstorable(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\0" in item or _SURROGATE.search(item):
                raise ValueError("a text holds a NUL character or half of a surrogate pair")
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
