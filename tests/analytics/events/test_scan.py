"""Cutting a batch into its events without decoding it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.events import scan

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(values, max_size=6), st.dictionaries(st.sampled_from(["sentAt", "context", "x"]), values))
def test_the_pieces_are_what_a_decoder_finds(events: list[Any], head: dict[str, Any]):
    for indent in (None, 1):
        found = scan.members(json.dumps({**head, "batch": events}, indent=indent).encode())
        assert {name.decode(): repr(json.loads(part)) for name, part in found.items() if name != b"batch"} == {
            name: repr(value) for name, value in head.items()
        }
        assert [repr(json.loads(part)) for part in scan.elements(found[b"batch"])] == [repr(each) for each in events]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"x", b"{", b'{"batch":[', b'{"a":1}}', b'{"a":1} x', b"{" * 60_000 + b"}" * 60_000 + b"]", b'{"a":"'],
)
def test_what_is_no_object_or_has_no_end(body: bytes):
    with pytest.raises(ValueError, match="it "):
        scan.members(body)


@pytest.mark.parametrize(
    "body",
    [b'{"a":' * 80_000, b"[]" * 200_000, b"{" + b'"":[],' * 80_000, b'{"x":[' + b"[],{}," * 80_000],
    ids=["deep", "pairs", "members", "elements"],
)
def test_a_body_of_nothing_but_brackets_is_given_up_early(body: bytes):
    with pytest.raises(ValueError, match="it "):
        scan.members(b"{" + body)


def test_a_body_of_nothing_but_quotes_is_one_step():
    with pytest.raises(ValueError, match="ends too early"):
        scan.members(b"{" + b'"' * 400_001)
