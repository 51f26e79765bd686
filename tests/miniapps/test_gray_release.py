"""Gray release as devices see it: who gets which version while operators act."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.segments import services as segments
from analytics.segments.errors import SegmentInUse
from ferry.kernel import clock
from miniapps import services, tasks
from miniapps.errors import AlreadyReleased, MoveNotAllowed, PlanInvalid
from miniapps.services import releases


def test_a_full_release_reaches_everybody(world):
    world.release("1.0.0")
    assert world.devices_on("1.0.0") == set(world.devices)


def test_a_gray_release_reaches_its_share_and_the_rest_stay(world):
    world.release("1.0.0")
    world.release("2.0.0", share=25)
    gray = world.devices_on("2.0.0")
    assert 0.17 < len(gray) / len(world.devices) < 0.33
    assert world.devices_on("1.0.0") == set(world.devices) - gray


def test_raising_only_adds_and_lowering_takes_the_last_back(world):
    world.release("1.0.0")
    release = world.release("2.0.0", share=10)
    at_10 = world.devices_on("2.0.0")
    world.raise_to(release, 40)
    at_40 = world.devices_on("2.0.0")
    assert at_10 < at_40
    world.raise_to(release, 10)
    assert world.devices_on("2.0.0") == at_10


def test_a_share_moves_in_steps_of_a_hundredth_of_a_percent(world):
    release = world.release("1.0.0", share=0.01)
    assert release.share == 1
    world.raise_to(release, 99.99)
    assert world.part()["releases"][0]["rule"]["any"][0]["rollout"]["share"] == 9999


def test_a_fix_reaches_the_same_people_first(world):
    world.release("1.0.0")
    bad = world.release("2.0.0", share=25)
    seen = world.devices_on("2.0.0")
    fix = world.release("2.0.1", share=25)
    assert world.devices_on("2.0.1") == seen
    assert world.devices_on("2.0.0") == set()
    bad.refresh_from_db()
    assert (bad.state, fix.supersedes_id) == ("superseded", bad.pk)


def test_two_gray_releases_after_each_other_draw_different_people(world):
    world.release("1.0.0")
    first = world.release("2.0.0", share=25)
    people = world.devices_on("2.0.0")
    world.roll_back(first)
    world.release("3.0.0", share=25)
    assert world.devices_on("3.0.0") != people


def test_pausing_holds_what_is_there_and_lets_nobody_in(world):
    world.release("1.0.0")
    release = world.release("2.0.0", share=25)
    before = world.devices_on("2.0.0")
    world.pause(release)
    world.add_devices(200)
    assert world.devices_on("2.0.0") == before
    world.resume(release)
    assert world.devices_on("2.0.0") > before


def test_rolling_back_returns_the_devices_to_what_they_had(world):
    world.release("1.0.0")
    release = world.release("2.0.0", share=50)
    assert world.devices_on("2.0.0")
    world.roll_back(release)
    assert world.devices_on("1.0.0") == set(world.devices)


def test_a_rolled_back_release_cannot_be_moved_any_more(world):
    release = world.release("2.0.0", share=50)
    world.roll_back(release)
    for act in (world.pause, world.resume, world.complete, world.roll_back):
        with pytest.raises(MoveNotAllowed):
            act(release)
    with pytest.raises(MoveNotAllowed):
        world.raise_to(release, 60)


def test_completing_gives_it_to_everybody(world):
    world.release("1.0.0")
    gray = world.release("2.0.0", share=5)
    full = world.complete(gray)
    gray.refresh_from_db()
    assert (full.kind, gray.state) == ("full", "completed")
    assert world.devices_on("2.0.0") == set(world.devices)


def test_a_bad_full_release_is_rolled_back_to_the_one_before(world):
    world.release("1.0.0")
    bad = world.release("2.0.0")
    assert world.devices_on("2.0.0") == set(world.devices)
    world.roll_back(bad)
    assert world.devices_on("1.0.0") == set(world.devices)


def test_rolling_back_to_any_earlier_version_stops_everything_newer(world):
    for name in ("1.0.0", "2.0.0", "3.0.0"):
        world.release(name)
    world.release("4.0.0", share=50)
    world.release("5.0.0", kind="trial", devices=["device-00000"])
    result = world.roll_back_to("1.0.0")
    assert {release.version.name for release in result.stopped} == {"2.0.0", "3.0.0", "4.0.0", "5.0.0"}
    assert world.devices_on("1.0.0") == set(world.devices)


def test_rolling_back_to_a_version_that_was_rolled_back_itself_starts_it_anew(world):
    world.release("1.0.0")
    world.roll_back(world.release("2.0.0"))
    world.release("3.0.0")
    result = world.roll_back_to("2.0.0")
    assert result.serving.version.name == "2.0.0"
    assert world.devices_on("2.0.0") == set(world.devices)


def test_a_trial_is_for_named_devices_only(world):
    world.release("1.0.0")
    world.release("2.0.0", kind="trial", devices=["device-00007", "device-00011"])
    assert world.devices_on("2.0.0") == {"device-00007", "device-00011"}


def test_an_allowlist_counts_verified_people_only(world):
    world.release("1.0.0")
    world.add_device("hers", user="ada", verified=True)
    world.add_device("liar", user="ada")
    world.release("2.0.0", share=0, users=["ada"])
    assert world.devices_on("2.0.0") == {"hers"}


def test_named_devices_get_it_whatever_the_conditions_say(world):
    world.release("1.0.0")
    world.add_devices(100, platform="ios")
    only_ios = [{"contextName": "platform", "operator": "IN", "values": ["ios"]}]
    world.release("2.0.0", share=100, conditions=only_ios, devices=["device-00003"])
    ios = {device.id for device in world.devices.values() if device.platform == "ios"}
    assert world.devices_on("2.0.0") == ios | {"device-00003"}


def test_a_segment_narrows_a_release_and_cannot_be_deleted_under_it(world):
    vip = segments.create_segment(
        actor=world.person("operator"),
        name="VIP",
        constraints=[{"contextName": "tier", "operator": "IN", "values": ["gold"]}],
    )
    world.release("1.0.0")
    world.add_device("gold", properties={"tier": "gold"})
    world.add_device("tin", properties={"tier": "tin"})
    release = world.release("2.0.0", share=100, segments=(vip.pk,))
    assert world.devices_on("2.0.0") == {"gold"}
    with pytest.raises(SegmentInUse):
        segments.delete_segment(actor=world.person("operator"), segment=vip)
    world.roll_back(release)
    segments.delete_segment(actor=world.person("operator"), segment=vip)


def test_a_list_of_150_000_users_is_taken_whole(world):
    world.release("1.0.0")
    world.add_device("last", user="user-149999", verified=True)
    release = world.release("2.0.0", share=0, users=[f"user-{number}" for number in range(150_000)])
    assert release.allowlist_users_count == 150_000
    assert world.devices_on("2.0.0") == {"last"}


def test_a_device_outside_the_range_keeps_the_newest_version_that_fits(world):
    world.add_device("old", host_version="5.9.0")
    world.release("1.0.0")
    assert "old" not in world.devices_on("1.0.0")
    world.approve(world.upload("0.9.0", host_range={"android": {"min": "5.0.0", "max": "5.9.9"}}))
    world.release("0.9.0")
    assert world.devices_on("0.9.0") == {"old"}
    world.release("2.0.0")
    assert world.devices_on("0.9.0") == {"old"}
    assert world.devices_on("2.0.0") == set(world.devices) - {"old"}


def test_dates_open_and_close_a_gray_to_the_second_without_a_tick(world):
    start, stop = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    world.release("1.0.0")
    release = world.release("2.0.0", share=50, starts_at=start, ends_at=stop)
    assert release.state == "scheduled"
    assert world.devices_on("2.0.0") == set()
    with clock.frozen(start):
        inside = world.devices_on("2.0.0")
        assert inside
    world.add_devices(200)
    with clock.frozen(stop):
        assert world.devices_on("2.0.0") == inside


def test_time_moves_the_rows_and_changes_nothing_for_devices(world):
    start, stop = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    world.release("1.0.0")
    release = world.release("2.0.0", share=50, starts_at=start, ends_at=stop)
    assert services.advance_due() == 0
    for moment, state in ((start, "running"), (stop, "paused")):
        with clock.frozen(moment):
            before = world.devices_on("2.0.0")
            assert services.advance_due() == 1
            assert services.advance_due() == 0
            assert world.devices_on("2.0.0") == before
        release.refresh_from_db()
        assert release.state == state


def test_one_release_that_cannot_be_moved_does_not_hold_up_the_others(world, monkeypatch):
    stop = clock.now() + timedelta(hours=1)
    trials = [world.release(f"{number}.0.0", kind="trial", devices=["device-00001"], ends_at=stop) for number in (1, 2)]
    advance = releases._advance

    def broken(release):
        if release.pk == trials[0].pk:
            raise RuntimeError("its workspace's key does not open")
        return advance(release)

    monkeypatch.setattr(releases, "_advance", broken)
    with clock.frozen(stop):
        assert services.advance_due() == 1
    trials[1].refresh_from_db()
    assert trials[1].state == "completed"


def test_a_trial_that_has_ended_sends_its_people_back(world):
    world.release("1.0.0")
    stop = clock.now() + timedelta(hours=1)
    trial = world.release("2.0.0", kind="trial", devices=["device-00001"], ends_at=stop)
    assert world.devices_on("2.0.0") == {"device-00001"}
    with clock.frozen(stop):
        assert world.devices_on("2.0.0") == set()
        services.advance_due()
    trial.refresh_from_db()
    assert trial.state == "completed"


def test_a_paused_trial_ends_at_its_date_too(world):
    stop = clock.now() + timedelta(hours=1)
    trial = world.pause(world.release("2.0.0", kind="trial", devices=["device-00001"], ends_at=stop))
    with clock.frozen(stop):
        tasks.advance_releases()
    trial.refresh_from_db()
    assert trial.state == "completed"


def test_a_refusal_names_what_stands_in_the_way(world):
    release = world.release("1.0.0")
    with pytest.raises(MoveNotAllowed) as refused:
        world.raise_to(release, 10)
    assert str(refused.value).startswith("Full release, running: changing the share is not possible.")


def test_a_scheduled_full_release_takes_over_from_the_gray_at_its_time(world):
    world.release("1.0.0")
    gray = world.release("2.0.0", share=30)
    start = clock.now() + timedelta(hours=1)
    world.release("3.0.0", starts_at=start)
    people = world.devices_on("2.0.0")
    assert people
    with clock.frozen(start):
        assert world.devices_on("3.0.0") == set(world.devices) - people
        services.advance_due()
        assert world.devices_on("3.0.0") == set(world.devices)
    gray.refresh_from_db()
    assert gray.state == "superseded"


def test_withdrawing_closes_it_and_restoring_brings_the_releases_back(world):
    world.release("1.0.0")
    world.release("2.0.0", share=50)
    gray = world.devices_on("2.0.0")
    world.withdraw("Closed for repairs.")
    assert world.part()["withdrawn"] == {"message": "Closed for repairs."}
    assert world.devices_on("1.0.0") | world.devices_on("2.0.0") == set()
    world.restore()
    assert world.devices_on("2.0.0") == gray


@pytest.mark.parametrize(
    "plan",
    [
        {"share": 100.01},
        {"share": -1},
        {"kind": "trial"},
        {"kind": "full", "users": ["ada"]},
        {"kind": "full", "share": 20},
        {"kind": "full", "ends_at": clock.now() + timedelta(days=1)},
        {"share": 10, "ends_at": clock.now() - timedelta(days=1)},
        {"share": 10, "apply": "yesterday"},
        {"share": 10, "network": "carrier pigeon"},
        {"share": 10, "stickiness": ""},
        {"share": 10, "starts_at": clock.now() + timedelta(days=367)},
        {"kind": "trial", "users": ["a" * 129]},
        {"kind": "trial", "users": ["a\0b"]},
        {"kind": "trial", "devices": ["d" * 65]},
        {"share": 10, "conditions": [{"contextName": "os", "operator": "LOOKS_LIKE", "values": ["14"]}]},
        {"share": 10, "segments": ["01nosuchsegment0000000000x"]},
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_leaves_nothing(world, plan):
    world.version("2.0.0")
    before = world.fingerprint()
    with pytest.raises(PlanInvalid):
        world.release("2.0.0", **plan)
    assert world.fingerprint() == before


def test_what_everybody_has_is_not_released_again(world):
    world.release("1.0.0")
    with pytest.raises(AlreadyReleased):
        world.release("1.0.0")
