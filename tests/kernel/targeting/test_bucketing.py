"""Buckets: the same for every language, fair, and never unfaithful to a device."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.targeting import SHARES, Context, bucket, compile_rule
from tests.kernel.targeting.murmur3 import murmur3

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
DEVICES = [f"device-{number}" for number in range(100_000)]


@pytest.mark.parametrize("vector", VECTORS["buckets"], ids=lambda vector: f"{vector['group']}:{vector['identifier']}")
def test_golden_buckets_stay_where_they_are(vector):
    found = bucket(vector["identifier"], vector["group"], vector["of"], seed=vector["seed"])
    assert found == vector["bucket"]


def test_buckets_that_unleash_clients_publish():
    assert bucket("123", "gr1", 100) == 73
    assert bucket("999", "groupX", 100) == 25


@given(st.text(), st.text(), st.integers(1, 100_000), st.integers(0, 2**32 - 1))
def test_buckets_agree_with_a_second_murmur3(identifier, group, of, seed):
    key = f"{group}:{identifier}".encode("utf-8", "surrogatepass")
    assert bucket(identifier, group, of, seed=seed) == murmur3(key, seed) % of + 1


def test_half_a_surrogate_pair_has_a_bucket_too_and_crashes_nothing():
    assert bucket("\ud800", "g") == murmur3(b"g:\xed\xa0\x80") % SHARES + 1


def rollout(share, group="salt"):
    rule = {"any": [{"rollout": {"share": share, "stickiness": "deviceId", "group": group}}]}
    return compile_rule(rule, segments={}, sets={})


def reached(share, group="salt", devices=DEVICES):
    matches = rollout(share, group).matches
    return {device for device in devices if matches(Context(now=0, device_id=device))}


@given(st.text(min_size=1), st.text(min_size=1), st.integers(0, SHARES), st.integers(0, SHARES))
def test_raising_a_share_never_takes_anyone_out(device, group, one, other):
    context = Context(now=0, device_id=device)
    low, high = sorted((one, other))
    assert rollout(high, group).matches(context) or not rollout(low, group).matches(context)


def test_shares_reach_as_many_as_they_say_down_to_a_hundredth_of_a_percent():
    for share in (1, 10, 100, 500, 2500, 5000, 9999):
        expected = len(DEVICES) * share / SHARES
        spread = (expected * (1 - share / SHARES)) ** 0.5
        assert abs(len(reached(share)) - expected) < 4 * spread + 1, share
    assert reached(0) == set()
    assert len(reached(SHARES)) == len(DEVICES)


def test_buckets_are_uniform():
    counts = Counter((bucket(device, "any group") - 1) // 100 for device in DEVICES)
    expected = len(DEVICES) / 100
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert len(counts) == 100
    assert chi_square < 149  # 99 degrees of freedom: one uniform draw in a thousand is above


def test_lowering_and_raising_again_returns_the_same_devices():
    before = reached(2500)
    assert reached(1000) < before
    assert reached(2500) == before


def test_the_same_group_is_the_same_cohort_and_another_group_an_independent_one():
    half = reached(5000, "one program")
    assert half == reached(5000, "one program")
    shared = len(half & reached(5000, "another program")) / len(half)
    assert 0.49 < shared < 0.51


def test_who_has_nothing_to_draw_a_bucket_from_is_not_in_even_at_everything():
    assert not rollout(SHARES).matches(Context(now=0, user_id="u1"))
