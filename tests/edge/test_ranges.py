"""Range and condition headers, by RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.edge import ranges


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        (b"bytes=0-0", 10, (0, 0)),
        (b"bytes=2-5", 10, (2, 5)),
        (b"bytes=2-", 10, (2, 9)),
        (b"bytes=2-99", 10, (2, 9)),
        (b"bytes=-3", 10, (7, 9)),
        (b"bytes=-99", 10, (0, 9)),
        (b"BYTES= 2-5 ", 10, (2, 5)),
        (b"bytes=5-2", 10, None),
        (b"bytes=0-1,4-5", 10, None),
        (b"bytes=-", 10, None),
        (b"items=0-1", 10, None),
        (b"bytes=a-b", 10, None),
        (b"", 10, None),
    ],
)
def test_what_is_sent(header: bytes, size: int, expected: tuple[int, int] | None) -> None:
    assert ranges.pick(header, size) == expected


@pytest.mark.parametrize(("header", "size"), [(b"bytes=10-", 10), (b"bytes=-0", 10), (b"bytes=0-0", 0)])
def test_outside(header: bytes, size: int) -> None:
    with pytest.raises(ranges.Unsatisfiable):
        ranges.pick(header, size)


@given(st.binary(max_size=40), st.integers(0, 1000))
def test_never_outside_and_never_an_accident(header: bytes, size: int) -> None:
    try:
        found = ranges.pick(b"bytes=" + header, size)
    except ranges.Unsatisfiable:
        return
    assert found is None or 0 <= found[0] <= found[1] < size


def test_if_range_takes_one_strong_etag_only() -> None:
    assert ranges.still_the_same(b"", b'"a"')
    assert ranges.still_the_same(b' "a" ', b'"a"')
    assert not ranges.still_the_same(b'W/"a"', b'"a"')
    assert not ranges.still_the_same(b"Sat, 21 Nov 2026 00:00:00 GMT", b'"a"')


def test_if_none_match_is_weak_and_may_list() -> None:
    assert ranges.known(b'"x", W/"a"', b'"a"')
    assert ranges.known(b"*", b'"a"')
    assert not ranges.known(b'"ab"', b'"a"')
