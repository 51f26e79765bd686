"""Identifiers sort by time and are read back as what they were made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel import clock, ids

MOMENTS = st.integers(1_600_000_000_000, 4_000_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))


def value_of(identifier: str) -> int:
    """The number behind an identifier, a digit at a time."""
    value = 0
    for character in identifier:
        value = value << 5 | "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    return value


@given(MOMENTS)
def test_an_identifier_carries_its_moment_and_80_random_bits(moment):
    with clock.frozen(moment):
        made, other, milliseconds = ids.new(), ids.new(), clock.now_ms()
    assert len(made) == ids.LENGTH
    assert value_of(made) >> 80 == milliseconds
    assert made != other
    assert ids.floor(milliseconds) <= made < ids.floor(milliseconds + 1)


@given(MOMENTS, st.timedeltas(timedelta(milliseconds=1), timedelta(days=900)))
def test_later_is_larger(moment, after):
    with clock.frozen(moment):
        first = ids.new()
    with clock.frozen(moment + after):
        assert first < ids.new()


@given(st.integers(1, 60).map(lambda characters: 5 * characters))
def test_unguessable_ones_have_the_asked_length(bits):
    made = ids.unguessable(bits)
    assert len(made) == bits // 5
    assert value_of(made) < 1 << bits


def test_what_may_be_an_identifier():
    assert ids.is_id(ids.new())
    assert not any(map(ids.is_id, ("", "a" * 25, "a" * 27, "é" * 26, "a" * 25 + "\n", "../" + "a" * 23)))
