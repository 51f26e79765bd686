"""One value, one sequence of bytes, in every language (RFC 8785)."""

from __future__ import annotations

import json
import math
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.signing.canonical import LARGEST, NotCanonical, canonical_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


def read(body: bytes):
    """As a reader whose numbers are doubles: ECMAScript prints 1e20 without an exponent."""
    return json.loads(body, parse_int=lambda text: int(text) if abs(int(text)) <= LARGEST else float(text))


@given(values)
def test_it_is_json_and_says_the_same(value):
    assert read(canonical_json(value)) == value


@given(st.dictionaries(texts, values, max_size=6), st.randoms())
def test_the_order_in_which_an_object_was_made_does_not_show(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)


@given(values)
def test_it_is_a_fixed_point(value):
    once = canonical_json(value)
    assert canonical_json(read(once)) == once


@given(values, values)
def test_different_values_differ(one, other):
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert canonical_json(one) == canonical_json(other)
    elif one != other:
        assert canonical_json(one) != canonical_json(other)


def test_the_example_of_the_rfc():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert (
        canonical_json(value)
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_keys_are_sorted_by_utf16_code_units():
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical_json(value)).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-1.7976931348623157e308, "-1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (0.000001, "0.000001"),
        (0.0000001, "1e-7"),
        (1.5, "1.5"),
        (-123.25, "-123.25"),
        (100.0, "100"),
    ],
)
def test_numbers_as_ecmascript_prints_them(number, text):
    assert canonical_json(number) == text.encode()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=200))
def test_floats_come_back_exactly(numbers):
    assert read(canonical_json(numbers)) == numbers


def test_a_javascript_engine_prints_the_same_numbers():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    numbers = [digits * 10.0**power for digits in (1, -1, 1.5, -9.87654321) for power in range(-30, 31)]
    numbers += [math.pi * 2.0**power for power in range(-300, 300, 7)]
    script = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
    told = subprocess.run([node, "-e", script], input=json.dumps(numbers), capture_output=True, text=True, check=True)
    assert canonical_json(numbers).decode() == told.stdout


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        LARGEST + 1,
        -LARGEST - 1,
        {1: "a"},
        {None: 1},
        "\ud800",
        {"\udfff": 1},
        b"",
        {1, 2},
    ],
)
def test_what_two_languages_would_read_apart_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_json({"inside": [value]})
