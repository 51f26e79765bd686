"""HTTP's conditional and range requests (RFC 9110 sections 13 and 14) for bytes that never change. Pure."""

from __future__ import annotations

import re

_SINGLE = re.compile(rb"bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range lies outside: answer 416 with the size."""


def pick(header: bytes, size: int) -> tuple[int, int] | None:
    """The (first, last) byte that a Range header asks for; None means the whole, which is always allowed.

    Several ranges at once and other units are answered with the whole: no client of ours asks for them, and
    overlapping ranges are a known way to make a server work (CVE-2011-3192).
    """
    match = _SINGLE.fullmatch(header)
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - length), size - 1
    start = int(first)
    end = int(last) if last else size - 1
    if last and end < start:
        return None  # not a valid range: ignored
    if start >= size:
        raise Unsatisfiable
    return start, min(end, size - 1)


def still_the_same(if_range: bytes, etag: bytes) -> bool:
    """Whether a Range may be honoured: without If-Range, or when it names exactly this strong ETag.

    A date never matches: an address by content has no date of change.
    """
    return not if_range or if_range.strip() == etag


def known(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the client has this representation already: weak comparison, as GET demands."""
    return any(each.strip().removeprefix(b"W/") in (etag, b"*") for each in if_none_match.split(b","))
