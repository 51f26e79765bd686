"""Segments: what an operator saves is what the edge decides by, in every host app of the workspace."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from analytics.segments import selectors, services
from analytics.segments.errors import SegmentChanged, SegmentExists, SegmentInUse, SegmentInvalid, TooManySegments
from analytics.segments.models import Segment
from analytics.segments.uses import uses_of
from analytics.values import DeviceContext
from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotAllowed, NotFound
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.publishing.services import publishing_workspace
from ferry.kernel.publishing.sets import SetInvalid
from ferry.kernel.publishing.sweeping import sweep_parts
from ferry.kernel.publishing.verification import verify_snapshots
from miniapps import selectors as miniapps
from tests.world import World

CHINESE = [{"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["zh"]}]
ENGLISH = [{"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["en"]}]


def test_a_release_for_a_segment_reaches_who_belongs_and_follows_its_change(world):
    for number, locale in enumerate(["zh-CN", "zh-TW", "en-GB", ""]):
        world.add_device(f"d{number}", properties={"locale": locale})
    speakers = world.segment("Chinese speakers", constraints=CHINESE)
    world.release("1.0.0", share=100, segments=[speakers.pk])
    assert world.reached() == {"d0", "d1"}
    world.change(speakers, constraints=ENGLISH)
    assert world.reached() == {"d2"}


def test_a_list_counts_verified_users_only_and_grows_and_shrinks(world):
    world.add_device("proven", user="anna", verified=True)
    world.add_device("claims", user="anna")
    world.add_device("other", user="ben", verified=True)
    guests = world.segment("Guests", members=["anna", " anna ", "", "carl"])
    assert (guests.list_size, guests.list_field) == (2, "userId")
    world.release("1.0.0", share=100, segments=[guests.pk])
    assert world.reached() == {"proven"}
    guests = world.change(guests, add=["ben"], remove=["carl", "nobody"])
    assert (guests.list_size, selectors.members(guests)) == (2, {"anna", "ben"})
    assert world.reached() == {"proven", "other"}
    guests = world.change(guests, members=["ben"])
    assert world.reached() == {"other"}


def test_a_list_may_hold_devices(world):
    world.add_device("d1")
    world.add_device("d2")
    world.add_device("d3", registered=False)
    desk = world.segment("Test desk", members=["d1", "d3"], field="deviceId")
    world.release("1.0.0", kind="trial", segments=[desk.pk])
    assert world.reached() == {"d1"}


def test_every_host_app_of_the_workspace_carries_it_and_no_other_workspace_does(world):
    second = world.host("Second app")
    elsewhere = World.make("Elsewhere")
    before = world.version_of(elsewhere.host_app)
    segment = world.segment("Chinese speakers", constraints=CHINESE)
    third = world.host("Third app")
    assert set(world.published()) == set(world.published(second)) == set(world.published(third)) == {segment.pk}
    assert world.version_of(elsewhere.host_app) == before
    assert world.published(elsewhere.host_app) == {}


def test_a_change_that_changes_nothing_publishes_nothing(world):
    segment = world.segment("Guests", members=["anna"])
    before = world.version_of(world.host_app)
    world.change(segment, name="Guests", members=["anna", "anna"])
    assert world.version_of(world.host_app) == before


def test_a_segment_that_a_release_uses_stays(world):
    speakers = world.segment("Chinese speakers", constraints=CHINESE)
    release = world.release("1.0.0", share=100, segments=[speakers.pk])
    with pytest.raises(SegmentInUse) as refused:
        world.delete(speakers)
    assert "City Ferry" in refused.value.text()
    assert uses_of(world.workspace, speakers.pk)
    world.roll_back(release)
    world.delete(speakers)
    assert world.published() == {}
    with pytest.raises(NotFound):
        world.change(speakers, name="Gone")


def test_names_are_told_apart_and_counted(world, monkeypatch):
    world.segment("Guests", members=["anna"])
    with pytest.raises(SegmentExists):
        world.segment("  Guests ", constraints=CHINESE)
    other = world.segment("Others", constraints=CHINESE)
    with pytest.raises(SegmentExists):
        world.change(other, name="Guests")
    World.make("Elsewhere")
    monkeypatch.setattr(services, "MOST_SEGMENTS", 2)
    with pytest.raises(TooManySegments):
        world.segment("One more", constraints=CHINESE)


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({}, "either constraints or members"),
        ({"constraints": CHINESE, "members": ["anna"]}, "either constraints or members"),
        ({"constraints": []}, "everybody"),
        ({"constraints": [{"contextName": "n", "operator": "NUM_GT", "value": "x"}]}, "constraints[0].value"),
        (
            {"constraints": [{"contextName": "userId", "operator": "IN_SET", "set": "0" * 64}]},
            "constraints[0].operator",
        ),
        ({"constraints": [{"contextName": "n", "operator": "IN", "values": ["a\0"]}]}, "values[0]"),
        ({"members": ["anna"], "field": "city"}, "userId or deviceId"),
        ({"members": ["anna"], "name": "\n"}, "a name has"),
        ({"members": ["anna"], "name": "a\0b"}, "a name has"),
        ({"members": ["anna"], "description": "x" * 501}, "a description has"),
    ],
)
def test_what_is_not_valid_is_refused_and_leaves_nothing(world, about, reason):
    before = world.fingerprint()
    with pytest.raises(SegmentInvalid) as refused:
        world.segment(**{"name": "Guests", **about})
    assert reason in refused.value.text()
    assert world.fingerprint() == before


def test_a_list_that_cannot_be_stored_is_refused(world):
    with pytest.raises(SetInvalid):
        world.segment("Guests", members=["a\nb"])
    guests = world.segment("Guests", members=["anna"])
    with pytest.raises(SegmentInvalid):
        world.change(guests, constraints=CHINESE)
    rules = world.segment("Rules", constraints=CHINESE)
    with pytest.raises(SegmentInvalid):
        world.change(rules, add=["anna"])


def test_two_who_change_one_list_at_once_do_not_undo_each_other(world):
    guests = world.segment("Guests", members=["anna"])
    seen_by_both = Segment.objects.of(world.workspace).get(pk=guests.pk)
    world.change(guests, add=["ben"])
    with pytest.raises(SegmentChanged):
        world.change(seen_by_both, add=["carl"])
    assert selectors.members(selectors.segment(world.workspace, guests.pk)) == {"anna", "ben"}


def test_only_those_with_the_right_change_segments(world):
    segment = world.segment("Guests", members=["anna"])
    for role in ("developer", "reviewer", "auditor"):
        with pytest.raises(NotAllowed):
            services.create_segment(actor=world.person(role), name="Mine", members=["x"])
        with pytest.raises(NotAllowed):
            services.update_segment(actor=world.person(role), segment=segment, name="Mine")
        with pytest.raises(NotAllowed):
            services.delete_segment(actor=world.person(role), segment=segment)
    services.create_segment(actor=world.person("analyst"), name="Mine", members=["x"])


def test_nobody_changes_a_segment_of_another_workspace(world):
    segment = world.segment("Guests", members=["anna"])
    stranger = World.make("Elsewhere").operator
    with pytest.raises(NotFound):
        services.update_segment(actor=stranger, segment=segment, name="Mine")
    with pytest.raises(NotFound):
        services.delete_segment(actor=stranger, segment=segment)
    with pytest.raises(NotFound):
        selectors.segment(stranger.workspace, segment.pk)
    assert selectors.constraints_of(stranger.workspace, [segment.pk]) == {}


def test_the_audit_log_tells_what_changed_and_never_who_is_on_a_list(world):
    guests = world.segment("Guests", members=["anna-4711"])
    world.change(guests, add=["ben-4712"])
    world.delete(guests)
    entries = list(audit.entries(world.workspace))
    told = {entry.action: (entry.before, entry.after) for entry in entries}
    assert {"segment.created", "segment.updated", "segment.deleted"} <= told.keys()
    before, after = (json.loads(each) for each in told["segment.updated"])
    assert (before["size"], after["size"]) == (1, 2)
    assert "name" not in after, "only what changed"
    assert "4711" not in str(told)
    assert "4712" not in str(told)


def test_a_list_outlives_the_sweep_where_no_host_app_publishes_it(db):
    workspace = identity.create_workspace(name="Without host apps")
    guests = services.create_segment(actor=system(workspace), name="Guests", members=["anna"])
    sweep_parts()
    with clock.frozen(clock.now() + timedelta(hours=3)):
        sweep_parts()
    assert selectors.members(guests) == {"anna"}


def test_the_parts_are_functions_of_the_rows(world):
    world.segment("Guests", members=["anna"])
    world.segment("Chinese speakers", constraints=CHINESE)
    assert verify_snapshots() == []
    with publishing_workspace(world.workspace) as publications:
        for segment in selectors.segments(world.workspace):
            publications.changed("segment", segment.pk)
    assert verify_snapshots() == []


def test_what_an_operator_is_told_and_what_the_edge_does_agree_on_lists(world):
    world.add_device("proven", user="anna", verified=True)
    guests = world.segment("Guests", members=["anna"])
    assert set(selectors.constraints_of(world.workspace, [guests.pk, "no such segment"])) == {guests.pk}
    release = world.release("1.0.0", share=100, segments=[guests.pk])
    assert world.reached() == {"proven"}
    proven = DeviceContext("proven", user="anna", user_verified=True, platform="android", host_version="6.3.0")
    told = miniapps.explain(world.workspace, world.host_app, world.program, context=proven)
    assert told.release == release
    claims = DeviceContext("claims", user="anna", platform="android", host_version="6.3.0")
    told = miniapps.explain(world.workspace, world.host_app, world.program, context=claims)
    assert told.release is None
    assert "claimed but not verified" in told.steps[0].reasons.lines()[0]
