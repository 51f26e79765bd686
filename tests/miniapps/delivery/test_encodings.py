"""Which form of a package a request gets."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.edge import encodings

HAVE = ["dcz", "zstd", "gzip"]


@pytest.mark.parametrize(
    ("accept", "first"),
    [
        (None, "identity"),
        (b"", "identity"),
        (b"identity", "identity"),
        (b"gzip", "gzip"),
        (b"gzip, deflate, br, zstd", "zstd"),
        (b"gzip, deflate, br, zstd, dcb, dcz", "dcz"),
        (b"GZIP;Q=0.5, zstd;q=0.4", "gzip"),
        (b"zstd;q=0, gzip;q=0.001", "gzip"),
        (b"*", "dcz"),
        (b"*;q=0.1, gzip", "gzip"),
        (b"*;q=0", "identity"),
        (b"gzip;q=0.5, identity", "identity"),
        (b"gzip, identity;q=0.5", "gzip"),
        (b"gzip;q=2", "identity"),
        (b"br", "identity"),
    ],
)
def test_the_best_that_the_client_takes(accept: bytes | None, first: str) -> None:
    assert encodings.order(accept, HAVE)[0] == first


@given(st.none() | st.binary(max_size=60), st.lists(st.sampled_from(HAVE), unique=True))
def test_whatever_is_sent_something_can_be_answered(accept: bytes | None, have: list[str]) -> None:
    found = encodings.order(accept, have)
    assert found[-1] == "identity"
    assert set(found[:-1]) <= set(have)


def test_a_dictionary_is_named_as_a_structured_field() -> None:
    digest = hashlib.sha256(b"dictionary").digest()
    named = b":" + base64.b64encode(digest) + b":"
    assert encodings.available_dictionary(named) == digest
    assert encodings.dcz_head(digest) == bytes.fromhex("5e2a4d1820000000") + digest
    for wrong in (b"", named[1:], named[:-1], named.replace(b":", b"'"), b":" + b"!" * 44 + b":"):
        assert encodings.available_dictionary(wrong) is None
