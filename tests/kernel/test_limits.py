"""A limiter admits a burst, then the rate, and never grows past its bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.limits import Limiter


def admitted(limiter: Limiter, key: str, times: list[float]) -> list[float]:
    return [now for now in times if limiter.allow(key, now) == 0.0]


def test_a_burst_then_the_rate():
    limiter = Limiter(rate_per_s=10, burst=3)
    assert [limiter.allow("phone", 100.0) == 0.0 for _ in range(5)] == [True, True, True, False, False]
    assert limiter.allow("phone", 100.0) == pytest.approx(0.1)
    assert limiter.allow("phone", 100.1) == 0.0
    assert limiter.allow("phone", 100.1) > 0


def test_keys_do_not_share_a_bucket():
    limiter = Limiter(rate_per_s=1, burst=1)
    assert limiter.allow("one", 0.0) == 0.0
    assert limiter.allow("other", 0.0) == 0.0
    assert limiter.allow("one", 0.0) > 0


gaps = st.lists(st.floats(0, 2, allow_subnormal=False), min_size=1, max_size=200)


@given(gaps, st.floats(0.5, 50), st.integers(1, 20))
def test_no_span_of_time_admits_more_than_burst_and_rate(gaps, rate, burst):
    limiter, now, times = Limiter(rate_per_s=rate, burst=burst), 1000.0, []
    for gap in gaps:
        now += gap
        times.append(now)
    passed = admitted(limiter, "phone", times)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            count, span = last - first + 1, passed[last] - passed[first]
            assert count <= burst + rate * span + 1e-3


@given(st.floats(0.5, 50), st.integers(1, 20), st.integers(1, 30), st.floats(1, 40))
def test_the_advised_wait_is_enough_and_a_refusal_costs_nothing(rate, burst, before, cost):
    limiter = Limiter(rate_per_s=rate, burst=burst)
    for _ in range(before):
        limiter.allow("phone", 50.0)
    wait = limiter.allow("phone", 50.0, cost)
    if wait:
        assert limiter.allow("phone", 50.0, cost) == wait
        if wait > 1e-3:
            assert limiter.allow("phone", 50.0 + wait / 2, cost) > 0
        assert limiter.allow("phone", 50.0 + wait + 1e-6, cost) == 0.0


def test_a_cost_above_the_burst_passes_once_and_leaves_a_debt():
    limiter = Limiter(rate_per_s=10, burst=5)
    assert limiter.allow("import", 0.0, cost=50) == 0.0
    assert limiter.allow("import", 0.0) == pytest.approx(4.6)
    assert limiter.allow("import", 4.7) == 0.0


def test_a_clock_that_steps_back_gives_nothing_away():
    limiter = Limiter(rate_per_s=1, burst=1)
    assert limiter.allow("phone", 100.0) == 0.0
    assert limiter.allow("phone", 50.0) > 0


def test_memory_is_bounded_whatever_keys_come():
    limiter = Limiter(rate_per_s=0.001, burst=1, max_keys=1000)
    for number in range(50_000):
        limiter.allow(f"address {number}", number * 1e-6)
        assert len(limiter) <= 1000


def test_a_key_that_keeps_asking_is_not_forgotten_among_strangers():
    limiter = Limiter(rate_per_s=0.001, burst=1, max_keys=1000)
    assert limiter.allow("flooder", 0.0) == 0.0
    for number in range(5000):
        limiter.allow(f"stranger {number}", 0.0)
        if number % 100 == 0:
            assert limiter.allow("flooder", 0.0) > 0


def test_processes_share_a_limit():
    whole, half = Limiter(rate_per_s=10, burst=10), Limiter(rate_per_s=10, burst=10)
    half.divide(2)
    times = [number / 1000 for number in range(10_000)]
    assert len(admitted(whole, "phone", times)) == pytest.approx(110, abs=1)
    assert len(admitted(half, "phone", times)) == pytest.approx(55, abs=1)
    half.divide(0)  # nobody has reported yet: as if alone
    assert len(admitted(half, "later", [20.0] * 20)) == 10


@pytest.mark.parametrize(("rate", "burst", "keys"), [(0, 1, 10), (-1, 1, 10), (1, 0.5, 10), (1, 1, 1)])
def test_a_limit_that_admits_nothing_is_a_mistake(rate, burst, keys):
    with pytest.raises(ValueError, match="limiter"):
        Limiter(rate_per_s=rate, burst=burst, max_keys=keys)
