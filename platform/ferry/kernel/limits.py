"""How often somebody may ask: token buckets in memory, bounded, a fraction of a microsecond each.

Pure: no Django, no clock. Each process counts for itself; `divide` splits a limit among the live ones (heartbeats).
"""

from __future__ import annotations


class Limiter:
    """One token bucket per key: `rate_per_s` on average, `burst` at once.

    A bucket is kept as one number, the moment at which it will be full again (GCRA, ITU-T I.371), so a key that has
    been quiet needs no entry at all. Keys live in two generations: when the young one has `max_keys / 2` entries, the
    old one is dropped. Memory never exceeds `max_keys` entries and no request pays for a clean-up; the price is that
    a key which stays silent while that many others speak starts afresh.
    """

    __slots__ = ("_generation", "_interval", "_old", "_window", "_young", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, *, max_keys: int = 100_000) -> None:
        if rate_per_s <= 0 or burst < 1 or max_keys < 2:
            raise ValueError("a limiter needs a rate above 0, a burst of at least 1 and room for 2 keys")
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._generation = max_keys // 2
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self.divide(1)

    def divide(self, processes: int) -> None:
        """Take one share of the limit when `processes` of them enforce it together; never less than one request."""
        share = max(1, processes)
        self._interval = share / self.rate_per_s  # seconds that one token takes to come back
        self._window = self._interval * max(1.0, self.burst / share)  # seconds to fill an empty bucket

    def allow(self, key: str, now: float, cost: float = 1) -> float:
        """0.0 if `key` may go on, else the seconds after which it may. `now` is seconds of a monotonic clock.

        A refusal costs nothing. A cost above the burst passes on a full bucket and leaves a debt, so the average
        holds and a large request is not refused for ever.
        """
        full_at = self._young.get(key)
        if full_at is None:
            full_at = self._old.get(key, now)
            if len(self._young) >= self._generation:
                self._old, self._young = self._young, {}
            self._young[key] = full_at  # a key that keeps asking stays, refused or not
        if full_at < now:
            full_at = now
        price, window = cost * self._interval, self._window
        wait = full_at + (price if price < window else window) - now - window
        if wait > 1e-9:
            return wait
        self._young[key] = full_at + price
        return 0.0

    def __len__(self) -> int:
        """How many keys are remembered; at most `max_keys`."""
        return len(self._young) + len(self._old)
