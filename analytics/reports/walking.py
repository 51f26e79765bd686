"""The funnel's pass over arrays: how far each user comes through the steps. Pure, numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far each user came: `depth` counts steps, `group` is the value at the first one."""

    depth: Ints
    group: Ints
    seconds: list[float | None]


def walk(
    *,
    user: npt.NDArray[Any],
    at: npt.NDArray[Any],
    code: npt.NDArray[Any],
    grouped: npt.NDArray[Any] | None,
    steps: list[int],
    window_ms: int,
) -> Walk:
    """How far each user comes. Rows are sorted by user and time; `code` says which event a row is.

    For every step the rows that complete it, each with the latest first step that it can be reached from: starting
    later leaves more time, so no other start needs to be kept. A row completes a step when the last completion of the
    step before lies before it, with the same user, and its start is still within the window.
    """
    changed = np.empty(len(user), dtype=bool)
    if len(user):
        changed[0] = True
        np.not_equal(user[1:], user[:-1], out=changed[1:])
    person = np.cumsum(changed) - 1  # users by running number
    people = int(person[-1]) + 1 if len(person) else 0
    depth = np.zeros(people, dtype=np.int64)
    group = np.zeros(people, dtype=np.int64)
    seconds: list[float | None] = []
    done = start = np.flatnonzero(code == steps[0])
    for number, step in enumerate(steps):
        if number:
            rows = np.flatnonzero(code == step)
            before = np.searchsorted(done, rows, side="left") - 1
            rows, before = rows[before >= 0], before[before >= 0]
            same = person[done[before]] == person[rows]
            rows, origin = rows[same], start[before[same]]
            in_time = at[rows] - at[origin] <= window_ms
            done, start = rows[in_time], origin[in_time]
        who, first = np.unique(person[done], return_index=True)
        depth[who] = number + 1
        if grouped is not None:
            group[who] = grouped[start[first]]
        took = at[done[first]] - at[start[first]]
        seconds.append(float(np.median(took)) / 1000 if len(took) else None)
    reached = depth > 0
    return Walk(depth[reached], group[reached], seconds)


def reached(depth: Ints, steps: int) -> list[int]:
    """How many users got at least to each step."""
    counts = np.bincount(depth, minlength=steps + 1)
    return [int(counts[step + 1 :].sum()) for step in range(steps)]


def plain(column: Any) -> npt.NDArray[Any]:
    """A column without NULLs as a plain array, whatever DuckDB wrapped it in."""
    return np.ma.getdata(column)
