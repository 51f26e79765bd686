"""Flags in Unleash's form: what its public cases leave open, and that a broken flag is off, never an error."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from ferry.kernel.targeting.unleash import FeatureSet
from ferry.kernel.targeting.unleash_wire import apply_events, unleash_context
from tests.kernel.targeting.strategies import anything


def flag(name="f", **changes):
    return {"name": name, "enabled": True, "strategies": [], **changes}


def flexible(rollout="100", *, stickiness="default", group="f", **changes):
    parameters = {"rollout": rollout, "stickiness": stickiness, "groupId": group}
    return {"name": "flexibleRollout", "parameters": parameters, **changes}


def on(features, name="f", segments=(), **context):
    return FeatureSet(features, segments).is_enabled(name, unleash_context(context, now=0))


def variant(features, **context):
    return FeatureSet(features).variant("f", unleash_context(context, now=0))


def weighted(*names, **changes):
    return [{"name": name, "weight": 500, **changes} for name in names]


def test_strategy_variants_go_before_the_flags_own_and_inherit_its_stickiness():
    strategy = flexible(stickiness="team", variants=weighted("blue", "red"))
    feature = flag(strategies=[strategy], variants=weighted("own"))
    seen = {variant([feature], userId=str(number), properties={"team": "x"}).name for number in range(50)}
    assert len(seen) == 1, "one team sees one variant, whoever the user is"
    assert seen < {"blue", "red"}
    many = {variant([feature], userId="same", properties={"team": str(number)}).name for number in range(50)}
    assert many == {"blue", "red"}


def test_the_first_strategy_that_is_on_decides_the_variant():
    off = flexible("0", variants=weighted("never"))
    plain = {"name": "default"}
    feature = flag(strategies=[off, plain, flexible(variants=weighted("late"))], variants=weighted("own"))
    assert variant([feature]).name == "own"


def test_custom_stickiness_without_the_field_is_off_even_at_everything_but_variants_are_drawn():
    assert not on([flag(strategies=[flexible(stickiness="team")])])
    assert on([flag(strategies=[flexible(stickiness="team")])], properties={"team": "x"})
    feature = flag(variants=weighted("blue", "red", stickiness="team"))
    seen = Counter(variant([feature], userId="same").name for _ in range(200))
    assert set(seen) == {"blue", "red"}, "without the field, the draw is random"


def test_variants_fall_back_to_the_address_before_chance():
    feature = flag(variants=weighted("blue", "red"))
    assert len({variant([feature], remoteAddress="10.0.0.1").name for _ in range(50)}) == 1


def test_an_override_reaches_a_variant_without_weight_and_weights_alone_never_do():
    silent = {"name": "silent", "weight": 0, "overrides": [{"contextName": "userId", "values": ["boss"]}]}
    feature = flag(variants=[silent, *weighted("loud")])
    assert variant([feature], userId="boss").name == "silent"
    assert {variant([feature], userId=str(number)).name for number in range(200)} == {"loud"}


def test_dependencies_look_at_the_parent_once_and_never_round_in_a_circle():
    child = flag("f", dependencies=[{"feature": "p", "variants": ["blue"]}])
    assert on([child, flag("p", variants=weighted("blue"))])
    assert not on([child, flag("p", variants=weighted("red"))])
    assert not on([child, flag("p", variants=weighted("blue"), dependencies=[{"feature": "g"}]), flag("g")])
    assert not on([flag("f", dependencies=[{"feature": "f"}])])


def test_addresses_may_be_networks():
    feature = flag(strategies=[{"name": "remoteAddress", "parameters": {"IPs": "rubbish, 10.1.0.0/16,2001:db8::/32"}}])
    assert on([feature], remoteAddress="10.1.2.3")
    assert on([feature], remoteAddress="2001:db8::7")
    assert not on([feature], remoteAddress="10.2.0.1")
    assert not on([feature], remoteAddress="rubbish?")


def test_a_named_field_goes_before_a_property_of_the_same_name_and_falls_back_to_it():
    feature = flag(strategies=[{"name": "userWithId", "parameters": {"userIds": "anna, 陈伟"}}])
    assert on([feature], userId="陈伟")
    assert on([feature], properties={"userId": "anna"})
    assert not on([feature], userId="eve", properties={"userId": "anna"})


def test_delta_events_leave_what_a_full_fetch_would_show():
    updated = {"type": "feature-updated", "feature": flag(strategies=[{"name": "default", "segments": [7]}])}
    segment = {"id": 7, "constraints": [{"contextName": "appName", "operator": "IN", "values": ["shop"]}]}
    events = [{"type": "hydration", "features": [flag("old")], "segments": []}, updated]
    features, segments = apply_events(events)
    assert [feature["name"] for feature in features] == ["old", "f"]
    assert not on(features, segments=segments, appName="shop"), "its segment is not known yet"
    features, segments = apply_events([*events, {"type": "segment-updated", "segment": segment}])
    assert on(features, segments=segments, appName="shop")
    features, segments = apply_events(
        [*events, {"type": "segment-updated", "segment": segment}, {"type": "segment-removed", "segmentId": 7}]
    )
    assert segments == []
    features, _ = apply_events([*events, {"type": "feature-removed", "featureName": "f"}])
    assert [feature["name"] for feature in features] == ["old"]


@given(anything, anything, anything, anything)
def test_a_broken_flag_is_off_or_on_but_never_an_error(strategies, variants, dependencies, context):
    for odd in (
        strategies,
        [strategies],
        [{"name": "flexibleRollout", "parameters": strategies, "segments": variants}],
    ):
        feature = flag(strategies=odd, variants=variants, dependencies=dependencies)
        described = context if isinstance(context, dict) else {"userId": context, "properties": context}
        found = FeatureSet([feature], [variants]).variant("f", unleash_context(described, now=0))
        assert isinstance(found.feature_enabled, bool)
