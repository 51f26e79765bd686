"""The funnel's pass over arrays against the plain rule, written down user by user."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.walking import walk

Rows = list[tuple[int, int, int]]  # user, time, event


def plainly(rows: Rows, steps: list[int], window: int) -> dict[int, int]:
    """How far each user comes: from every first step on, take the earliest next step each time."""
    depth: dict[int, int] = {}
    for user in {row[0] for row in rows}:
        mine = [(at, code) for who, at, code in rows if who == user]
        for place, (begun, code) in enumerate(mine):
            if code != steps[0]:
                continue
            reached = 1
            for at, other in mine[place + 1 :]:
                if reached < len(steps) and other == steps[reached] and at - begun <= window:
                    reached += 1
            depth[user] = max(depth.get(user, 0), reached)
    return depth


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 3)), max_size=60),
    st.lists(st.integers(0, 3), min_size=2, max_size=5),
    st.integers(1, 20),
)
def test_the_walk_agrees_with_the_plain_rule(rows: Rows, steps: list[int], window: int):
    rows = sorted(rows)
    user, at, code = (np.array([row[place] for row in rows], dtype=np.int64) for place in range(3))
    came = walk(user=user, at=at, code=code, grouped=None, steps=steps, window_ms=window)
    assert sorted(came.depth.tolist()) == sorted(plainly(rows, steps, window).values())
    assert len(came.seconds) == len(steps)


def test_the_value_at_the_first_step_stays_with_the_user():
    # one user begins twice; the second time, from another platform, goes through
    user = np.array([7, 7, 7, 8])
    at = np.array([0, 100, 105, 0])
    code = np.array([0, 0, 1, 0])
    grouped = np.array([1, 2, 3, 1])
    came = walk(user=user, at=at, code=code, grouped=grouped, steps=[0, 1], window_ms=10)
    assert came.depth.tolist() == [2, 1]
    assert came.group.tolist() == [2, 1]
    assert came.seconds == [0.0, 0.005]
