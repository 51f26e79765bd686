"""Which host apps a version of a mini-program may run in: a range of versions per platform."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ferry.kernel.targeting.context import Context
from ferry.kernel.targeting.versions import FIRST, LAST, UNPLACED, Key, version_key

Span = tuple[Key, Key]
"""Both ends belong to it."""
Spans = Mapping[str, Span]
NOWHERE: Final[Span] = (LAST, UNPLACED)
"""Holds no version, and not even what is none."""


class HostRange:
    """Which versions of the host app a mini-program's version may run in, per platform.

    Built from `{"android": {"min": "6.0.0", "max": null}}`. An empty range admits every host; a platform that a
    non-empty range does not name is not offered the version. A range that cannot be read admits nobody.
    """

    __slots__ = ("shown", "spans")

    def __init__(self, spans: Spans | None, shown: Mapping[str, str]) -> None:
        self.spans = spans  # None: every host
        self.shown = shown  # by platform, for people

    @classmethod
    def parse(cls, described: Any) -> HostRange:
        """Never raises: this runs on the edge. `validation.validate_range` tells an author what is wrong."""
        if described is None or described == {}:
            return cls(None, {})
        if not isinstance(described, Mapping):
            return cls({}, {})
        ends = {str(platform): _ends(bounds) for platform, bounds in described.items()}
        return _range(tuple((platform, *pair) for platform, pair in sorted(ends.items()) if pair is not None))

    def admits(self, platform: str, version: str) -> bool:
        """Whether a host app of this version on this platform is inside."""
        return self.fits(Context(now=0, properties={"platform": platform, "host_version": version}))

    def fits(self, context: Context) -> bool:
        """Whether the device's host app is inside. What is no version fits only where no version is asked."""
        if self.spans is None:
            return True
        low, high = self.spans.get(context.platform, NOWHERE)
        return low <= context.host_place <= high


@lru_cache(maxsize=1024)
def _range(ends: tuple[tuple[str, str, str], ...]) -> HostRange:
    """Equal ranges are one object: most programs of an app have the same, and a check-in asks twenty of them."""
    spans = {platform: span for platform, low, high in ends if (span := _span(low, high)) is not None}
    shown = {platform: f"{low or '…'} – {high or '…'}" for platform, low, high in ends}
    return HostRange(spans, shown)


def _span(low: str, high: str) -> Span | None:
    """From text to places; "" leaves an end open. With both open even what is no version fits."""
    if not low and not high:
        return UNPLACED, LAST
    first, last = version_key(low) if low else FIRST, version_key(high) if high else LAST
    return None if first is None or last is None else (first, last)


def _ends(described: Any) -> tuple[str, str] | None:
    if not isinstance(described, Mapping):
        return None
    low, high = ("" if described.get(end) is None else described[end] for end in ("min", "max"))
    return (low, high) if isinstance(low, str) and isinstance(high, str) else None
