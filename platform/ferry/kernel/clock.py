"""The one clock. Everything that asks for the time asks here, so that a test can say what time it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: datetime | None = None


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def now_ms() -> int:
    """The current time in whole milliseconds since the Unix epoch."""
    return int(_frozen.timestamp() * 1000) if _frozen is not None else time.time_ns() // 1_000_000


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock of this process at `at`. For tests only; the running platform's clock is never moved."""
    global _frozen
    previous, _frozen = _frozen, at
    try:
        yield
    finally:
        _frozen = previous


def ago(**span: float) -> datetime:
    """`ago(minutes=5)`: the moment that long before now."""
    return now() - timedelta(**span)
