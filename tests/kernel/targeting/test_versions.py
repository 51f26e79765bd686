"""Versions: numbers as numbers, pre-releases before releases, one order for all of them."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.targeting import HostRange, semver_key, version_key

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))

numbers = st.lists(st.integers(0, 30), min_size=1, max_size=6)
labels = st.lists(st.sampled_from(["alpha", "beta", "rc", "0", "1", "10", "a-b"]), max_size=3)
versions = st.builds(
    lambda parts, label: ".".join(map(str, parts)) + ("-" + ".".join(label) if label else ""), numbers, labels
)


def test_the_golden_order():
    for lower, higher in combinations(VECTORS["version_order"], 2):
        assert all(version_key(one) < version_key(other) for one in lower for other in higher), (lower, higher)
    for same in VECTORS["version_order"]:
        assert len({version_key(one) for one in same}) == 1, same


def test_the_precedence_example_of_semantic_versioning():
    order = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ]
    assert all(semver_key(one) < semver_key(other) for one, other in pairwise(order))


@given(versions, versions, versions)
def test_the_order_is_total(one, other, third):
    a, b, c = version_key(one), version_key(other), version_key(third)
    assert a is not None
    assert (a < b) + (a == b) + (a > b) == 1
    if a <= b <= c:
        assert a <= c


def described(version):
    """What the order is made of, as Semantic Versioning 2.0.0 tells it."""
    release, _, label = version.partition("-")
    places = [int(number) for number in release.split(".")]
    while places and places[-1] == 0:
        places.pop()
    parts = label.split(".") if label else []
    return places, not label, [(not part.isdigit(), int(part) if part.isdigit() else part) for part in parts]


large = st.builds(".".join, st.lists(st.integers(0, 10**18 - 1).map(str), min_size=1, max_size=3))


@given(versions | large, versions | large)
def test_keys_sort_as_what_they_are_made_of(one, other):
    assert (version_key(one) < version_key(other)) is (described(one) < described(other))
    assert (version_key(one) == version_key(other)) is (described(one) == described(other))


@given(numbers)
def test_missing_places_are_zeros_and_a_prerelease_comes_before_its_release(parts):
    release = ".".join(map(str, parts))
    if len(parts) < 6:
        assert version_key(release + ".0") == version_key(release)
    assert version_key(release + "-beta") < version_key(release)
    assert version_key(release + "+build.7") == version_key(release)
    if len(parts) < 6:
        assert version_key(release) < version_key(release + ".1")


@given(st.text() | versions)
def test_whatever_is_strict_is_loose_too_and_keeps_its_place(text):
    strict = semver_key(text)
    assert strict is None or strict == version_key(text)


@pytest.mark.parametrize(
    "text", ["", "v2.0.0", "six", "1.2.3.4.5.6.7", "1..2", "1.2-", " 1.2", "1.2\n", "9" * 65, "١.٢"]
)
def test_what_is_no_version_has_no_place(text):
    assert version_key(text) is None


@pytest.mark.parametrize("text", ["1.2", "01.2.3", "1.2.3-01", "1.2.3.4", "v1.2.3"])
def test_strict_semver_refuses_what_looks_like_one(text):
    assert semver_key(text) is None


def admits(described, platform, version):
    return HostRange.parse(described).admits(platform, version)


def test_a_range_holds_both_of_its_ends():
    described = {"android": {"min": "6.0.0", "max": "7.0"}}
    assert [admits(described, "android", version) for version in ("5.9", "6", "6.3.0", "7.0.0", "7.0.1")] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not admits(described, "android", "6.0.0-beta"), "a beta of the first version comes before it"


def test_an_open_end_an_unnamed_platform_and_no_range_at_all():
    assert admits({"ios": {"min": "6.0", "max": None}}, "ios", "99.1")
    assert not admits({"ios": {"min": "6.0", "max": None}}, "android", "99.1")
    assert admits({}, "android", "anything")
    assert admits(None, "", "")


def test_an_unreadable_host_version_fits_only_where_no_version_is_asked():
    assert admits({"ios": {"min": None, "max": None}}, "ios", "nightly")
    assert not admits({"ios": {"min": "0", "max": None}}, "ios", "nightly")


@pytest.mark.parametrize(
    "described", [[], "6.0", 6, {"ios": "6.0"}, {"ios": {"min": "six"}}, {"ios": {"max": 7}}, {"ios": {"min": 0}}]
)
def test_an_unreadable_range_admits_nobody(described):
    assert not admits(described, "ios", "6.3.0")


@given(versions, versions, versions)
def test_a_range_is_the_order(low, high, version):
    inside = version_key(low) <= version_key(version) <= version_key(high)
    assert admits({"web": {"min": low, "max": high}}, "web", version) == inside
