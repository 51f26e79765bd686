"""At most so many a minute, whoever sends: the rule. Pure; push.services.budget keeps the log in a locked row.

A log of the last seconds instead of a bucket that refills: a bucket lets twice its size pass within one minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_KEPT_S = 61  # an entry stands for its whole second: only after 61 s is all of it older than a minute

Log = list[list[int]]  # [[second, count], …], oldest first


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be sent now, the log after it, and how long to wait when it is less than was wanted."""

    granted: int
    log: Log
    wait_s: float


def take(log: Sequence[Sequence[int]], *, limit: int, now_s: float, want: int) -> Grant:
    """As many of `want` as keep every span of 60 seconds at or under `limit`.

    Entries far in the future come from a clock that was wrong and are forgotten.
    """
    kept = [[second, count] for second, count in sorted(map(list, log)) if now_s - _KEPT_S < second <= now_s + _KEPT_S]
    free = limit - sum(count for _, count in kept)
    granted = max(0, min(want, free))
    wait = 0.0
    if granted < want:
        wait = max(0.05, kept[0][0] + _KEPT_S - now_s) if kept else float(_KEPT_S)
    if granted:
        second = math.floor(now_s)
        same = next((entry for entry in kept if entry[0] == second), None)
        if same is None:
            kept.append([second, granted])
            kept.sort()
        else:
            same[1] += granted
    return Grant(granted, kept, wait)


def minutes(devices: int, limit: int | None) -> float:
    """How many minutes so many copies take at the least."""
    if not limit or devices <= 0:
        return 0.0
    return (math.ceil(devices / limit) - 1) * _KEPT_S / 60
