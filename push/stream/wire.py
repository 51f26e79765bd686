"""Server-sent events as bytes, and cursors as text. Pure.

A cursor is opaque to devices: the position of the last entry that they have taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from ferry.kernel.errors import Invalid
from push.inbox.reading import Entry

KEEP_ALIVE = b":\n\n"
_HIGHEST = (1 << 63) - 1


def event(entry: Entry) -> bytes:
    """One message event. JSON holds no line break, so one data line is enough."""
    return b"id: %d\ndata: %b\n\n" % (entry.position, entry.body)


def opening(retry_ms: int, entries: Iterable[Entry]) -> bytes:
    """The first bytes: when to come again after a break, then what waited."""
    return b"retry: %d\n\n" % retry_ms + b"".join(map(event, entries))


def cursor(text: str) -> int:
    """The position that a device has reached; nothing said means the beginning. Raises Invalid."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > _HIGHEST:
        raise Invalid(reason="the cursor is not one that this platform gave; leave it out to get everything")
    return int(text)
