"""Rules from outside: every problem is named, with its place, and what is accepted is what the engine can read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from ferry.kernel.targeting import Context, compile_rule, validate_constraints, validate_range, validate_rule
from tests.kernel.targeting.strategies import SEGMENTS, SETS, anything, odd_rules, sound_rules


def problems(rule):
    return [(problem.path, problem.code) for problem in validate_rule(rule)]


def constraint(**changes):
    return {"any": [{"constraints": [{"contextName": "city", "operator": "IN", "values": ["x"], **changes}]}]}


def rollout(**changes):
    return {"any": [{"rollout": {"share": 100, "stickiness": "deviceId", "group": "g", **changes}}]}


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {},
        {"any": []},
        {"any": [{}], "starts_at": 1, "ends_at": None},
        constraint(),
        constraint(operator="SEMVER_GT", value="1.2.3", values=[]),
        constraint(operator="NUM_LT", value="-1.5e3"),
        constraint(contextName="currentTime", operator="DATE_AFTER", value="2026-11-21T08:00:00+08:00"),
        constraint(operator="IN_SET", set="0" * 64),
        rollout(share=0),
        rollout(share=10_000, stickiness="cityId"),
        {"any": [{"segments": ["s"], "allowlist": {"field": "userId", "set": "f" * 64}}]},
    ],
)
def test_sound_rules_are_accepted(rule):
    assert problems(rule) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ([], ("", "not_an_object")),
        ({"some": []}, ("some", "unknown_key")),
        ({"any": {}}, ("any", "not_a_list")),
        ({"any": [{}] * 21}, ("any", "too_many")),
        ({"any": [{"share": 5}]}, ("any[0].share", "unknown_key")),
        ({"starts_at": "now"}, ("starts_at", "not_a_moment")),
        ({"starts_at": 1_800_000_000_000}, ("starts_at", "not_a_moment")),
        ({"ends_at": float("nan")}, ("ends_at", "not_a_moment")),
        ({"starts_at": 5, "ends_at": 5}, ("ends_at", "never_open")),
        (constraint(contextName=""), ("any[0].constraints[0].contextName", "not_text")),
        (constraint(values=["a\0b"]), ("any[0].constraints[0].values[0]", "not_text")),
        (constraint(values=["\ud800"]), ("any[0].constraints[0].values[0]", "not_text")),
        (constraint(contextName="x" * 257), ("any[0].constraints[0].contextName", "too_long")),
        (constraint(operator="REGEX"), ("any[0].constraints[0].operator", "unknown_operator")),
        (constraint(operator=["IN"]), ("any[0].constraints[0].operator", "unknown_operator")),
        (constraint(values=["x"] * 1001), ("any[0].constraints[0].values", "too_many")),
        (constraint(values=["x", 5]), ("any[0].constraints[0].values[1]", "not_text")),
        (constraint(values=["x" * 257]), ("any[0].constraints[0].values[0]", "too_long")),
        (constraint(inverted="yes"), ("any[0].constraints[0].inverted", "not_a_boolean")),
        (constraint(operator="NUM_GT"), ("any[0].constraints[0].value", "missing")),
        (constraint(operator="NUM_GT", value="nan"), ("any[0].constraints[0].value", "not_a_limit")),
        (constraint(operator="SEMVER_GT", value="v1.0.0"), ("any[0].constraints[0].value", "not_a_limit")),
        (constraint(operator="DATE_AFTER", value="soon"), ("any[0].constraints[0].value", "not_a_limit")),
        (constraint(contextName="currentTime"), ("any[0].constraints[0].contextName", "only_dates")),
        (constraint(operator="IN_SET", set="short"), ("any[0].constraints[0].set", "not_a_set")),
        ({"any": [{"constraints": [{}] * 31}]}, ("any[0].constraints", "too_many")),
        ({"any": [{"segments": ["s"] * 21}]}, ("any[0].segments", "too_many")),
        ({"any": [{"segments": [5]}]}, ("any[0].segments[0]", "not_text")),
        (rollout(share=10_001), ("any[0].rollout.share", "not_a_share")),
        (rollout(share=True), ("any[0].rollout.share", "not_a_share")),
        (rollout(share=12.5), ("any[0].rollout.share", "not_a_share")),
        (rollout(group=None), ("any[0].rollout.group", "missing")),
        ({"any": [{"allowlist": {"field": "city", "set": "f" * 64}}]}, ("any[0].allowlist.field", "not_a_field")),
        ({"any": [{"allowlist": {"field": ["userId"], "set": None}}]}, ("any[0].allowlist.set", "not_a_set")),
    ],
)
def test_what_is_wrong_is_named_with_its_place(rule, expected):
    assert expected in problems(rule)


def test_all_problems_are_told_at_once_in_words():
    rule = {
        "any": [{"constraints": [{"contextName": "n", "operator": "NUM_GT", "value": "x"}], "odd": 1}],
        "ends_at": -1,
    }
    told = [problem.as_json() for problem in validate_rule(rule)]
    assert [problem["message"] for problem in told] == [
        "ends_at must be a time in seconds since 1970",
        "any[0].odd is not a key that Ferry knows here",
    ]
    del rule["any"][0]["odd"]
    assert (
        validate_rule(rule)[-1].text() == "any[0].constraints[0].value is nothing that this operator can compare with"
    )


@settings(max_examples=500)
@given(sound_rules | odd_rules)
def test_what_is_accepted_the_engine_can_read(rule):
    found = validate_rule(rule)
    json.dumps([problem.as_json() for problem in found])
    if not found:
        reasons = compile_rule(rule, segments=SEGMENTS, sets=SETS).explain(Context(now=0))
        parts = [*reasons.common, *(reason for one in reasons.strategies for reason in one.reasons)]
        assert not [reason for reason in parts if reason.code == "malformed" and not reason.params.get("segment")]


@given(anything)
def test_nothing_from_outside_makes_the_validation_raise(value):
    validate_constraints(value)
    validate_range(value)


def test_segments_and_ranges_are_looked_at_in_the_same_way():
    assert validate_constraints([{"contextName": "a", "operator": "IN", "values": ["b"]}]) == ()
    assert validate_constraints("x")[0].path == "constraints"
    listed = {"contextName": "userId", "operator": "IN_SET", "set": "0" * 64}
    assert [problem.code for problem in validate_constraints([listed])] == ["unknown_operator"]
    assert validate_range({"android": {"min": "6.0.0", "max": "7"}, "ios": {"min": "6", "max": None}}) == ()
    assert validate_range(None) == validate_range({}) == ()
    assert [(p.path, p.code) for p in validate_range({"symbian": {}, "ios": {}})] == [
        ("range.symbian", "unknown_platform")
    ]
    assert [(p.path, p.code) for p in validate_range({"ios": {"min": "7", "max": "6"}})] == [
        ("range.ios.max", "empty_range")
    ]
    assert [(p.path, p.code) for p in validate_range({"ios": {"min": "six"}})] == [("range.ios.min", "not_a_version")]
