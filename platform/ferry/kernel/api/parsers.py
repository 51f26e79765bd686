"""Reading bodies: JSON that is bounded, unambiguous and storable, or a form with files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from ferry.kernel.errors import TooLarge

LARGEST_JSON = 1024 * 1024  # bytes; lists that need more are uploaded as files
DEEPEST_JSON = 64  # lists and objects inside each other; whoever writes the value again must not run out of stack
_SURROGATE = re.compile("[\ud800-\udfff]")


class StrictJsonParser(BaseParser):
    """JSON (RFC 8259) without what bites later.

    Refused: more than LARGEST_JSON bytes, other encodings than UTF-8, duplicate names (parsers disagree on them),
    NaN and infinities, numbers beyond 64 bits, NUL characters and lone surrogates (no database stores them), and
    nesting deeper than DEEPEST_JSON.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value. Raises ParseError or TooLarge."""
        limit = min(LARGEST_JSON, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or LARGEST_JSON)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(limit=limit)
        return parse_json(raw)


class FormParser(MultiPartParser):
    """multipart/form-data for uploads. Files go to temporary files as they arrive; the server bounds the whole."""


def parse_json(raw: bytes) -> Any:
    """The value of strict JSON. Raises ParseError."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except RecursionError:
        raise ParseError("it is nested too deeply") from None
    except ValueError as wrong:
        raise ParseError(f"it is not JSON in UTF-8: {str(wrong)[:200]}") from None
    if text.count("[") + text.count("{") > DEEPEST_JSON and nesting(value) > DEEPEST_JSON:
        raise ParseError("it is nested too deeply")
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
        raise ValueError("a name stands twice in one object")
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
                raise ParseError("a text holds a NUL character or half of a surrogate pair")
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
