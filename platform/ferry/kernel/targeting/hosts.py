"""Which host apps a version of a mini-program may run in: a range of versions per platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ferry.kernel.targeting.context import Context
from ferry.kernel.targeting.versions import Key, version_key


@dataclass(frozen=True, slots=True)
class Bounds:
    """Both ends belong to the range; None leaves an end open. With both open even what is no version fits."""

    low: Key | None
    high: Key | None
    shown: str


class HostRange:
    """Which versions of the host app a mini-program's version may run in, per platform.

    Built from `{"android": {"min": "6.0.0", "max": null}}`. An empty range admits every host; a platform that a
    non-empty range does not name is not offered the version. A range that cannot be read admits nobody.
    """

    __slots__ = ("platforms",)

    def __init__(self, platforms: Mapping[str, Bounds] | None) -> None:
        self.platforms = platforms

    @classmethod
    def parse(cls, described: Any) -> HostRange:
        """Never raises: this runs on the edge. `validation.validate_range` tells an author what is wrong."""
        if described is None or described == {}:
            return cls(None)
        if not isinstance(described, Mapping):
            return cls({})
        platforms = {str(platform): _bounds(bounds) for platform, bounds in described.items()}
        return cls({platform: bounds for platform, bounds in platforms.items() if bounds is not None})

    def admits(self, platform: str, version: str) -> bool:
        """Whether a host app of this version on this platform is inside."""
        return self.fits(Context(now=0, properties={"platform": platform, "host_version": version}))

    def fits(self, context: Context) -> bool:
        """Whether the device's host app is inside. What is no version fits only where no version is asked."""
        if self.platforms is None:
            return True
        bounds = self.platforms.get(context.platform)
        if bounds is None:
            return False
        low, high, key = bounds.low, bounds.high, context.host_key
        if key is None:
            return low is None and high is None
        return (low is None or low <= key) and (high is None or key <= high)


def _bounds(described: Any) -> Bounds | None:
    if not isinstance(described, Mapping):
        return None
    keys: list[Key | None] = []
    for end in (described.get("min"), described.get("max")):
        key = version_key(end) if isinstance(end, str) else None
        if key is None and end not in (None, ""):
            return None
        keys.append(key)
    return Bounds(keys[0], keys[1], f"{described.get('min') or '…'} – {described.get('max') or '…'}")
