"""Rules: the golden cases, what holds for every rule and every context, and what an operator is told."""

from __future__ import annotations

import json
from bisect import bisect_right
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ferry.kernel.targeting import (
    Context,
    HostRange,
    bucket,
    compile_offer,
    compile_rule,
    compile_segment,
    decide,
    edges,
    explain,
    flatten,
    validate_rule,
)
from tests.kernel.targeting.strategies import (
    SEGMENTS,
    SETS,
    anything,
    contexts,
    moments,
    ranges,
    rules,
    sound_rules,
)

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", VECTORS["rules"], ids=lambda case: case["description"])
def test_golden_rules(case):
    compiled = compile_rule(case["rule"], segments={}, sets={})
    context = Context(**case["context"])
    assert compiled.matches(context) is case["matches"]
    assert compiled.explain(context).matched is case["matches"]


@settings(max_examples=600)
@given(rules, ranges | anything, contexts())
def test_explain_says_what_matches_says_and_neither_ever_raises(rule, host_range, context):
    compiled = compile_rule(rule, segments=SEGMENTS, sets=SETS, host_range=HostRange.parse(host_range))
    reasons = compiled.explain(context)
    assert reasons.matched is compiled.matches(context)
    assert all(reason.text() for reason in reasons.common)
    assert all(strategy.passed is all(r.passed for r in strategy.reasons) for strategy in reasons.strategies)
    assert reasons.deciding(), "there is always something to say"
    assert all(reason.passed is reasons.matched for reason in reasons.deciding())
    json.dumps(reasons.as_json())


@settings(max_examples=300)
@given(sound_rules, st.data(), moments, moments)
def test_between_two_edges_time_changes_nothing(rule, data, one, other):
    compiled = compile_rule(rule, segments=SEGMENTS, sets=SETS)
    context = data.draw(contexts(now=one))
    later = Context(
        **{name: getattr(context, name) for name in ("device_id", "user_id", "session_id", "properties", "draw")},
        verified_device=context.verified_device,
        verified_user=context.verified_user,
        remote_address=context.remote_address,
        now=other,
    )
    assume(bisect_right(compiled.edges, one) == bisect_right(compiled.edges, other))
    assert compiled.matches(context) == compiled.matches(later)


held = st.none() | st.integers(1, 3)


@settings(max_examples=1000)
@given(st.lists(st.tuples(rules, ranges | anything, held), max_size=4), contexts(), held)
def test_the_first_offer_that_matches_is_decided_and_explained(described, context, installed):
    """The flat steps of a check-in, the closures and the explanation are one decision."""
    offers = [
        compile_offer(rule, host_range, place, segments=SEGMENTS, sets=SETS, holders=holders)
        for place, (rule, host_range, holders) in enumerate(described)
    ]
    matching = [offer.gives for offer in offers if offer.holders in (None, installed) and offer.rule.matches(context)]
    assert decide(flatten(offers), context, installed) == next(iter(matching), None)
    assert [one.offer.gives for one in explain(offers, context, installed) if one.chosen] == matching[:1]


@given(st.sampled_from(["deviceId", "userId"]), st.sampled_from(["", "d1", "u1", "\ud800"]), st.booleans(), st.data())
def test_lists_and_cohorts_are_asked_alike_with_and_without_a_call(field, who, verified, data):
    """The two shapes that nearly every release has, alone and together, where the identity may be missing."""
    way = {
        "allowlist": {"field": field, "set": data.draw(st.sampled_from(["a" * 64, "b" * 64]))},
        "rollout": {"share": data.draw(st.integers(0, 10_000)), "stickiness": field, "group": "g"},
    }
    asked = data.draw(st.sampled_from([["allowlist"], ["rollout"], ["allowlist", "rollout"]]))
    name, known = ("device_id", "verified_device") if field == "deviceId" else ("user_id", "verified_user")
    context = Context(now=0, **{name: who, known: verified})
    offer = compile_offer({"any": [{part: way[part] for part in asked}]}, None, "x", segments={}, sets=LISTS)
    assert (decide(flatten([offer]), context) == "x") is offer.rule.matches(context)
    assert all(step[5] is None for step in flatten([offer])), "nothing of this needs a call"


LISTS = {"a" * 64: frozenset({"", "d1"}), "b" * 64: frozenset({"u1", "\ud800"})}


@given(sound_rules, contexts())
def test_a_segment_compiled_once_decides_as_its_json_does(rule, context):
    ready = {name: compile_segment(name, constraints, sets=SETS) for name, constraints in SEGMENTS.items()}
    from_json = compile_rule(rule, segments=SEGMENTS, sets=SETS)
    from_checks = compile_rule(rule, segments=ready, sets=SETS)
    assert from_json.explain(context) == from_checks.explain(context)
    assert from_json.matches(context) == from_checks.matches(context)
    assert from_json.edges == from_checks.edges


def test_edges_name_every_moment_that_time_alone_can_change_the_answer():
    dated = {"contextName": "currentTime", "operator": "DATE_AFTER", "value": "1970-01-01T00:00:20Z"}
    segment = [{"contextName": "currentTime", "operator": "DATE_BEFORE", "value": "1970-01-01T00:00:40Z"}]
    rule = {"any": [{"constraints": [dated], "segments": ["s"]}], "starts_at": 10, "ends_at": 50}
    offer = compile_offer(rule, None, "x", segments={"s": segment}, sets={})
    assert [round(edge) for edge in edges([offer])] == [10, 20, 40, 50]
    answers = {at: decide(flatten([offer]), Context(now=at)) is not None for at in (9, 10, 20, 20.001, 39.9, 40, 50)}
    assert answers == {9: False, 10: False, 20: False, 20.001: True, 39.9: True, 40: False, 50: False}
    windows = [bisect_right(edges([offer]), at) for at in (9, 10, 20, 20.001, 40, 50)]
    assert windows == [0, 1, 1, 2, 3, 4], "the second that “after” excludes still belongs to the window before"


def test_random_gives_one_answer_in_one_request_and_the_share_over_many():
    half = compile_rule(
        {"any": [{"rollout": {"share": 5000, "stickiness": "random", "group": "g"}}]}, segments={}, sets={}
    )
    context = Context(now=0)
    assert len({half.matches(context) for _ in range(50)}) == 1
    drawn = sum(half.matches(Context(now=0, draw=number / 10_000)) for number in range(10_000))
    assert 4700 < drawn < 5300


def test_stickiness_default_prefers_the_user_then_the_session_then_the_device():
    low, high = sorted(("me", "other"), key=lambda who: bucket(who, "g"))
    rule = {"any": [{"rollout": {"share": bucket(low, "g"), "stickiness": "default", "group": "g"}}]}

    def inside(**who):
        return compile_rule(rule, segments={}, sets={}).matches(Context(now=0, **who))

    assert inside(user_id=low, session_id=high, device_id=high)
    assert not inside(user_id=high, session_id=low, device_id=low)
    assert inside(session_id=low, device_id=high)
    assert not inside(session_id=high, device_id=low)
    assert inside(device_id=low)


ALLOWLIST = {"any": [{"allowlist": {"field": "userId", "set": "a" * 64}}]}


def told(rule, **who):
    compiled = compile_rule(rule, segments=SEGMENTS, sets=SETS, host_range=who.pop("host_range", None))
    reasons = compiled.explain(Context(now=1_800_000_000, **who))
    return reasons.matched, reasons.lines()


def test_an_allowlist_counts_for_whoever_is_verified_only():
    assert told(ALLOWLIST, user_id="u1", verified_user=True) == (True, ["userId “u1” is on the list."])
    assert told(ALLOWLIST, user_id="u9", verified_user=True) == (False, ["userId “u9” is not on the list."])
    assert told(ALLOWLIST, user_id="u1") == (
        False,
        ["userId is claimed but not verified, so the list does not count."],
    )
    assert told(ALLOWLIST) == (False, ["userId is not known, so it cannot be on the list."])


def test_an_invitation_lets_in_whoever_shows_it_until_it_ends():
    token = "d" * 64
    rule = {"any": [{"invitation": {"sha256": token, "ends_at": 1_800_000_001}}]}
    assert told(rule, invitations={token}) == (
        True,
        ["The device shows the invitation dddddddd, which holds until 2027-01-15T08:00:01Z."],
    )
    assert told(rule, invitations={"e" * 64}) == (False, ["The device has not shown the invitation dddddddd."])
    over = {"any": [{"invitation": {"sha256": token, "ends_at": 1_800_000_000}}]}
    assert told(over, invitations={token}) == (False, ["The invitation dddddddd ended at 2027-01-15T08:00:00Z."])
    assert compile_rule(rule, segments={}, sets={}).edges == (1_800_000_001,)
    assert validate_rule(rule) == ()
    assert [problem.path for problem in validate_rule({"any": [{"invitation": {"sha256": "x"}}]})] == [
        "any[0].invitation.sha256",
        "any[0].invitation.ends_at",
    ]


def test_a_segment_made_of_a_list_demands_the_same():
    rule = {"any": [{"segments": ["listed"]}]}
    assert told(rule, user_id="u1", verified_user=True)[0]
    matched, lines = told(rule, user_id="u1")
    assert not matched
    assert lines[0].startswith("Segment listed: userId is claimed but not verified")


def test_the_explanation_names_the_bucket_and_the_share():
    rule = {"any": [{"rollout": {"share": 2000, "stickiness": "deviceId", "group": "g"}}]}
    number = bucket("d1", "g")
    matched, lines = told(rule, device_id="d1")
    assert matched == (number <= 2000)
    assert lines == [f"Bucket {number} of 10000, drawn by deviceId, is above the share of 20 %."]
    matched, lines = told(rule, user_id="u1")
    assert (matched, lines) == (False, ["There is no deviceId to draw a bucket from, so no share contains it."])


def test_the_explanation_names_the_failing_constraint_the_date_and_the_host_app():
    city = {"contextName": "city", "operator": "IN", "values": [f"c{number}" for number in range(8)]}
    assert told({"any": [{"constraints": [city]}]}, properties={"city": "Wuhan"}) == (
        False,
        ["city is “Wuhan”, but the rule asks: one of c0, c1, c2, c3, c4 and 3 more."],
    )
    assert told({"starts_at": 1_800_000_001}) == (False, ["It opens at 2027-01-15T08:00:01Z."])
    assert told({"ends_at": 1_800_000_000}) == (False, ["It ended at 2027-01-15T08:00:00Z."])
    only = HostRange.parse({"ios": {"min": "6.0.0", "max": None}})
    assert told(None, host_range=only, properties={"platform": "ios", "host_version": "5.9"}) == (
        False,
        ["Host app 5.9 on ios is outside 6.0.0 – …."],
    )
    assert told(None, host_range=only, properties={"platform": "web"}) == (
        False,
        ["It is not offered on the platform “web”."],
    )


def test_an_explanation_speaks_the_readers_language():
    reasons = compile_rule(ALLOWLIST, segments={}, sets=SETS).explain(Context(now=0))
    german = {"{field} is not known, so it cannot be on the list.": "{field} ist unbekannt."}
    assert reasons.lines(lambda sentence: german.get(sentence, sentence)) == ["userId ist unbekannt."]


def test_every_sound_rule_of_this_file_is_accepted_by_the_validation():
    assert validate_rule(ALLOWLIST) == ()
