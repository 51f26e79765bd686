"""kill -9 of the worker at any step of making a file: the next run goes on, and nothing half-made is ever named."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ferry.kernel import clock
from ferry.kernel.publishing import selectors as published
from ferry.kernel.storage import blobs
from miniapps.delivery import making, plan
from miniapps.models import Derived, Form
from tests.doomed import doomed, said
from tests.miniapps.delivery.workshop import FIRST, SECOND, row
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
State = Derived.State


def killed_at(stage: str, wanted: Derived) -> None:
    """Runs a worker on this test's database until it is at the stage, then ends it without a word."""
    with doomed(Path(__file__).with_name("maker.py"), stage, wanted.pk) as process:
        assert said(process) == "here"


def named(world: World) -> set[str]:
    """Every file that the published part names."""
    _, manifest, _ = published.manifest(world.host_app.pk)
    sha = manifest[f"program:{world.program.program_id}"]["sha"]
    releases = json.loads(published.parts([sha])[sha])["releases"]
    forms = [form["sha256"] for entry in releases for form in entry.get("forms", {}).values()]
    return {*forms, *(delta["sha256"] for entry in releases for delta in entry.get("deltas", ()))}


@pytest.mark.parametrize("stage", ["claimed", "compressed", "stored", "finishing", "finished"])
def test_the_next_worker_goes_on(stage: str) -> None:
    world = World.make()
    first, second = world.upload("1.0.0", FIRST), world.upload("2.0.0", SECOND)
    world.release("1.0.0")
    world.release("2.0.0", share=10)
    plan.plan()
    wanted = row(world, Form.DELTA, second.sha256, first.sha256)
    killed_at(stage, wanted)
    wanted.refresh_from_db()
    done = stage == "finished"
    assert wanted.state == (State.MADE if done else State.MAKING)
    assert all(blobs().exists(sha) for sha in named(world))
    making.work()  # whatever else there is; this one is still leased
    wanted.refresh_from_db()
    assert wanted.state == (State.MADE if done else State.MAKING)
    with clock.frozen(clock.now() + timedelta(seconds=making.LEASE_S + 1)):
        assert making.work() == (0 if done else 1)
    wanted.refresh_from_db()
    assert wanted.state == State.MADE
    assert wanted.sha256 in named(world)
    assert len(named(world)) == 8
    assert all(blobs().exists(sha) for sha in named(world))
