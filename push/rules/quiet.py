"""Quiet hours: when a device may be disturbed, by the clock on its owner's wall. Pure.

A window has a start and an end in local time and may run over midnight. Inside it nothing is sent: the copy waits for
the first moment at which the wall clock stands outside. Days on which the clock is moved follow the wall clock too: an
hour that happens twice is quiet twice, and a window whose end is skipped ends with the jump.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MINUTE = timedelta(minutes=1)
_LONGEST = 3 * 24 * 60  # minutes; a window is shorter than a day, and no zone has ever skipped more than one


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` (included) to `end` (excluded), local time."""

    start: time
    end: time

    def covers(self, wall: time) -> bool:
        """Whether this time of day is quiet."""
        if self.start < self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end

    @property
    def length(self) -> timedelta:
        """By the wall clock."""
        minutes = (self.end.hour - self.start.hour) * 60 + self.end.minute - self.start.minute
        return timedelta(minutes=minutes % (24 * 60))


def parse(value: object) -> QuietHours | None:
    """From {"start": "22:00", "end": "08:00"}; None for null. Raises ValueError in words."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"start", "end"}:
        raise ValueError("start and end")
    start, end = _time(value["start"]), _time(value["end"])
    if start == end:
        raise ValueError("start is end")
    return QuietHours(start, end)


def known_zone(name: str) -> bool:
    """Whether this is an IANA name that this machine knows."""
    return name in _names()


def zone_of(name: str, otherwise: str = "UTC") -> str:
    """`name` when it is a known zone, else `otherwise`: what a device says of itself may be anything."""
    return name if known_zone(name) else otherwise


def may_send_at(at: datetime, quiet: QuietHours | None, zone: str) -> datetime:
    """`at` itself, or the end of the quiet window that it falls into. `zone` is a known one."""
    if quiet is None or not quiet.covers(at.astimezone(_zone(zone)).time()):
        return at
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    return _end(minute, quiet, zone)


@lru_cache(maxsize=4096)
def _end(minute: datetime, quiet: QuietHours, zone: str) -> datetime:
    """Walks the minutes: slower than arithmetic, right on every odd day, and asked once per zone and minute."""
    place = _zone(zone)
    for step in range(1, _LONGEST):
        moment = minute + step * _MINUTE
        if not quiet.covers(moment.astimezone(place).time()):
            return moment
    return minute + _LONGEST * _MINUTE


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)


def _time(value: object) -> time:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("HH:MM")
    return time(int(found[1]), int(found[2]))
