"""Devices on each version, dry runs and explanations: what an operator is told is what devices are answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotAllowed, NotFound
from miniapps import selectors, services
from miniapps.releases import Kind, ReleasePlan
from tests.world import World


@pytest.fixture
def seen(world: World, folders) -> World:
    """A world whose devices have version 1.0.0 and were seen."""
    world.add_device("old", host_version="5.0.0")
    world.add_devices(40, platform="ios")
    world.release("1.0.0")
    world.check_in()
    world.observe()
    return world


def gray(share: float, **values) -> ReleasePlan:
    return ReleasePlan(kind=Kind.GRAY, share=round(share * 100), **values)


def dry(world: World, name: str, plan: ReleasePlan) -> selectors.DryRun:
    return selectors.dry_run(world.workspace, world.host_app, world.version(name), plan)


def test_devices_on_each_version_are_counted_from_what_they_report(seen):
    gray = seen.release("2.0.0", share=50)
    seen.check_in()
    seen.observe()
    found = selectors.release_population(seen.host_app, seen.program)
    counts = {reach.name: reach.devices for reach in found.versions}
    assert counts == {"2.0.0": len(seen.devices_on("2.0.0")), "1.0.0": len(seen.devices_on("1.0.0"))}
    assert found.devices == len(seen.devices) - 1  # the old one could not open either
    seen.roll_back(gray)
    seen.check_in()
    seen.observe()
    assert [reach.name for reach in selectors.release_population(seen.host_app, seen.program).versions] == ["1.0.0"]


def test_a_dry_run_tells_what_then_happens(seen):
    plan = gray(30, conditions=({"contextName": "platform", "operator": "IN", "values": ["android"]},))
    first = seen.release("2.0.0", share=30, conditions=plan.conditions)
    run = dry(seen, "2.0.1", plan)
    seen.release("2.0.1", share=30, conditions=plan.conditions)  # the cohort is inherited, so the devices are the same
    assert run.considered == len(seen.devices)
    assert run.reached == len(seen.devices_on("2.0.1"))
    assert run.changed == run.reached
    assert run.outside_range == 1
    assert run.after[first.version.code + 1] == run.reached
    assert run.before[None] == run.after[None] == 1


def test_a_dry_run_of_a_trial_and_of_a_full_release(seen):
    trial = dry(seen, "2.0.0", ReleasePlan(kind=Kind.TRIAL, devices=("device-00001", "nobody")))
    assert (trial.reached, trial.changed) == (1, 1)
    full = dry(seen, "2.0.0", ReleasePlan(kind=Kind.FULL))
    assert full.reached == full.changed == len(seen.devices) - 1


def test_a_dry_run_of_tomorrow_looks_at_tomorrow(seen):
    start = clock.now() + timedelta(days=1)
    seen.release("2.0.0", kind="trial", devices=["device-00001"], ends_at=start)
    run = dry(seen, "3.0.0", gray(100, starts_at=start, ends_at=start + timedelta(days=1)))
    assert run.reached == len(seen.devices) - 1


def test_a_dry_run_changes_nothing(seen):
    seen.version("2.0.0")
    before = seen.fingerprint()
    dry(seen, "2.0.0", gray(50))
    assert seen.fingerprint() == before


def test_a_device_is_explained_as_it_is_answered(seen):
    release = seen.release("2.0.0", share=50)
    for device_id in list(seen.devices)[:30]:
        told = selectors.explain(seen.workspace, seen.host_app, seen.program, device_id=device_id)
        gives = seen.decided(seen.devices[device_id])
        assert (told.release.pk if told.release else None) == (gives.release_id if gives else None)
        first = told.steps[0]
        assert first.release == release
        assert any("Bucket" in line for line in first.reasons.lines())


def test_an_explanation_says_that_a_release_is_paused(seen):
    release = seen.release("2.0.0", share=100)
    seen.pause(release)
    told = selectors.explain(seen.workspace, seen.host_app, seen.program, device_id="device-00001")
    assert told.steps[0].paused
    assert not told.steps[0].chosen
    assert told.release is not None
    assert told.release.version.name == "1.0.0"


def test_an_explanation_says_what_keeps_an_old_host_app_out(seen):
    told = selectors.explain(seen.workspace, seen.host_app, seen.program, device_id="old")
    assert told.release is None
    assert "5.0.0" in told.steps[0].reasons.lines()[0]


def test_an_explanation_tells_of_a_withdrawal(seen):
    seen.withdraw("Closed for repairs.")
    told = selectors.explain(seen.workspace, seen.host_app, seen.program, device_id="device-00001")
    assert told.withdrawn == "Closed for repairs."


def test_looking_at_a_device_leaves_a_trace_and_takes_the_right(seen):
    with pytest.raises(NotAllowed):
        services.explain_device(
            actor=seen.developer, host_app=seen.host_app, program=seen.program, device_id="device-00001"
        )
    services.explain_device(actor=seen.operator, host_app=seen.host_app, program=seen.program, device_id="device-00001")
    newest = audit.entries(seen.workspace)[0]
    assert (newest.action, newest.target_id) == ("device.explained", "device-00001")


def test_an_unknown_device_is_not_found(seen):
    with pytest.raises(NotFound):
        selectors.explain(seen.workspace, seen.host_app, seen.program, device_id="nobody")
