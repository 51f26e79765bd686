"""One way to write a JSON value as bytes: RFC 8785 (JCS). What is signed or addressed by its hash is written so.

Pure. Any language can repeat it: keys sorted by UTF-16 code units, no spaces, UTF-8, numbers as ECMAScript prints them.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from math import isfinite
from typing import Any

LARGEST = 2**53 - 1  # beyond it JavaScript, and so a web host, cannot tell integers apart


class NotCanonical(ValueError):
    """The value has no canonical form: a bug in the caller, never an answer to a user."""


def canonical_json(value: Any) -> bytes:
    """`value` as canonical bytes. Refuses what two languages would read apart.

    That is: NaN and infinity, integers beyond 2**53 - 1, keys that are no strings, lone surrogates, other types.
    """
    out: list[str] = []
    _write(value, out)
    try:
        return "".join(out).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("a string holds half of a surrogate pair") from error


def _write(value: Any, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(encode_basestring(value))
    elif value is None:
        out.append("null")
    elif isinstance(value, bool):
        out.append("true" if value else "false")
    elif isinstance(value, int):
        if abs(value) > LARGEST:
            raise NotCanonical(f"{value} does not fit a double; send it as a string")
        out.append(int.__repr__(value))
    elif isinstance(value, float):
        out.append(_number(value))
    elif isinstance(value, dict):
        _write_object(value, out)
    elif isinstance(value, (list, tuple)):
        out.append("[")
        for index, item in enumerate(value):
            if index:
                out.append(",")
            _write(item, out)
        out.append("]")
    else:
        raise NotCanonical(f"{type(value).__name__} is no JSON value")


def _write_object(value: dict[Any, Any], out: list[str]) -> None:
    if not all(isinstance(key, str) for key in value):
        raise NotCanonical("the keys of an object must be strings")
    out.append("{")
    for index, key in enumerate(sorted(value, key=_code_units)):
        if index:
            out.append(",")
        out.append(encode_basestring(key))
        out.append(":")
        _write(value[key], out)
    out.append("}")


def _code_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """A double as ECMAScript's Number::toString prints it; Python's repr has the same digits, other exponents."""
    if not isfinite(value):
        raise NotCanonical("NaN and infinity are no JSON values")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"e{point - 1:+d}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}{power}"
