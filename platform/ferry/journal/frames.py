"""How records lie in a segment, and how they are found again after a crash.

Pure: no I/O, no Django. One record is one line:

    <crc32, 8 hexadecimal digits> <kind> <payload>\\n

The payload is compact JSON, so it holds no newline, and a reader that meets damage finds the next record after the
next newline. The checksum covers kind and payload and starts from the segment's own name: what a file system shows
of an older, deleted segment after a power loss is therefore never taken for a record of this one.

Who may believe what: a record is acknowledged only after the sync that follows it, so whatever is torn at the end of
a dead segment was never acknowledged. While a segment is alive, a line that does not fit may still be on its way into
the file: the reader waits there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

MAX_RECORD = 1 << 20  # bytes of one payload; a reader's chunk must be larger
_FORMAT = b"ferry-journal-1 "
_KIND = re.compile(rb"[a-z][a-z0-9_.]{0,31}")


class Record(NamedTuple):
    """One record as it was appended."""

    kind: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one look at a part of a segment found."""

    records: list[Record]
    consumed: int  # bytes, from the start of the data, that need not be read again
    damaged: int = 0  # bytes in whole lines that are no record
    torn: int = 0  # bytes after the last newline of a dead segment
    more: bool = False  # the look ended before the segment did: another one finds more


def framer(segment: str, kind: str) -> Callable[[bytes], bytes]:
    """What turns a payload of this kind into a line of this segment."""
    name = kind.encode()
    if not _KIND.fullmatch(name):
        raise ValueError(f"{kind!r} is no record kind")
    start = crc32(name + b" ", seed(segment))

    def frame(payload: bytes) -> bytes:
        return b"%08x %b %b\n" % (crc32(payload, start), name, payload)

    return frame


def seed(segment: str) -> int:
    """Where the checksums of this segment start."""
    return crc32(_FORMAT + segment.encode())


def parse(data: bytes, *, segment: str, closed: bool, last: bool = True, most: int | None = None) -> Chunk:
    """The records at the start of `data`, which begins at a line's beginning; no more than `most` of them.

    `closed`: nobody will write here any more, so damage is passed over and counted. `last`: the segment ends where the
    data ends, so a closed segment's tail without a newline is torn and done with.
    """
    start = seed(segment)
    view = memoryview(data)  # a line is longer than what is said of it: only its payload is copied
    records: list[Record] = []
    at = damaged = torn = 0
    while (end := data.find(b"\n", at)) >= 0:
        if len(records) == most:
            return Chunk(records, at, damaged, more=True)
        record = _record(data, view, at, end, start)
        if record is not None:
            records.append(record)
        elif closed:
            damaged += end + 1 - at
        else:
            break
        at = end + 1
    if closed and at < len(data):
        if last:
            torn, at = len(data) - at, len(data)
        elif len(data) - at > 2 * MAX_RECORD:  # no record is that long: no newline will make one of this
            damaged, at = damaged + len(data) - at, len(data)
    return Chunk(records, at, damaged, torn, more=not last and at > 0)


def _record(data: bytes, view: memoryview, at: int, end: int, start: int) -> Record | None:
    """The record of the line from `at` to `end`."""
    space = data.find(b" ", at + 9, end)
    if space < 0 or data[at + 8 : at + 9] != b" " or b"%08x" % crc32(view[at + 9 : end], start) != data[at : at + 8]:
        return None
    kind = data[at + 9 : space]
    return Record(kind.decode(), data[space + 1 : end]) if _KIND.fullmatch(kind) else None
