"""How many cores training may take.

Boosting and linear algebra start one thread for each core by themselves, and spin: on a machine that also answers
devices, two such threads made training three times slower and everything else with it. One of two cores, at most four.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 4


def allowed(cores: int | None = None) -> int:
    """Half of the cores that this process may use: at least one, at most four."""
    if cores is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST, cores // 2))


@contextmanager
def few() -> Iterator[None]:
    """Inside, OpenMP and BLAS keep to `allowed` threads."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=allowed()):
        yield
