"""kill -9 during an upload or a release, at any moment: each is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from ferry.kernel import clock
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.publishing.verification import verify_snapshots
from ferry.kernel.storage import blobs
from miniapps import selectors, services
from miniapps.delivery.orphans import sweep_orphans
from miniapps.models import Release, Version
from miniapps.services.categories import Shelf
from tests.doomed import doomed, said
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture
def port(transactional_db: None) -> World:
    """A world with a full and a gray release, committed."""
    world = World.make(devices=100)
    world.release("0.1.0")
    world.release("0.2.0", share=20)
    return world


def worker(world: World, stage: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return doomed(Path(__file__).with_name("publishing_worker.py"), world.workspace.pk, world.host_app.pk, stage)


def whole(world: World) -> None:
    """Every version has its bytes, and every snapshot says what the rows say."""
    for version in Version.objects.of(world.workspace):
        with blobs().open(version.sha256) as file:
            assert hashlib.sha256(file.read()).hexdigest() == version.sha256
        assert version.files
    assert verify_snapshots() == []


@pytest.mark.parametrize("stage", ["package written", "blob stored", "version recorded"])
def test_an_upload_that_is_killed_leaves_no_version_and_the_next_one_works(port, stage):
    with worker(port, stage) as process:
        assert said(process) == "here"
    whole(port)
    assert not selectors.versions(port.workspace).filter(name="2.0.0").exists()
    assert port.upload("2.0.0").code == 3
    assert list((Path(settings.FERRY_DATA) / "tmp").iterdir()) == []


def two_days_pass() -> None:
    """For stored files and the hourly sweep of them."""
    for blob in blobs().stored():
        os.utime(blobs().path(blob.sha256), (0, 0))
    sweep_orphans()
    with clock.frozen(clock.now() + timedelta(hours=25)):
        sweep_orphans()


def test_what_a_killed_upload_has_stored_is_swept_and_nothing_else(port):
    two_days_pass()  # for what other tests have left in this folder
    before = {blob.sha256 for blob in blobs().stored()}
    with worker(port, "blob stored") as process:
        assert said(process) == "here"
    (lost,) = {blob.sha256 for blob in blobs().stored()} - before
    sweep_orphans()
    assert blobs().exists(lost)
    two_days_pass()
    assert {blob.sha256 for blob in blobs().stored()} == before
    whole(port)
    assert port.upload("2.0.0").sha256 == lost
    whole(port)


def test_a_release_that_is_killed_before_its_commit_did_not_happen(port):
    people = port.devices_on("0.2.0")
    with worker(port, "release recorded") as process:
        assert said(process) == "here"
    whole(port)
    assert port.devices_on("0.2.0") == people
    assert not Release.objects.of(port.workspace).filter(version__name="2.0.0").exists()
    port.release("2.0.0", share=50)
    assert port.devices_on("2.0.0") > people


def test_a_raise_that_is_killed_before_its_commit_did_not_happen(port):
    people = port.devices_on("0.2.0")
    with worker(port, "share recorded") as process:
        assert said(process) == "here"
    whole(port)
    assert port.devices_on("0.2.0") == people
    gray = Release.objects.of(port.workspace).get(kind="gray")
    assert gray.share == 2000
    port.raise_to(gray, 60)
    assert port.devices_on("0.2.0") > people


@pytest.mark.parametrize("what", ["second submission", "invitation", "link", "agreement", "categories"])
def test_what_surrounds_a_program_is_there_whole_or_not_at_all(port, what):
    identity.update_host_app(actor=system(port.workspace), host_app=port.host_app, link_base="harbour://open")
    trial = port.release("1.5.0", kind="trial", invited=True)
    before = port.part()
    with worker(port, f"{what} recorded") as process:
        assert said(process) == "here"
    whole(port)
    assert port.part() == before, "the snapshot says what it said"
    assert not selectors.links(port.workspace).exists()
    assert not selectors.categories(port.workspace).exists()
    assert not selectors.invitations(trial).exists()
    assert not selectors.agreements(port.program).exists()
    assert not selectors.reviews(port.workspace).filter(version__name="2.0.0").exists()
    services.invite(actor=port.operator, release=trial, lifetime=timedelta(days=1))
    services.create_link(actor=port.operator, host_app=port.host_app, program=port.program)
    services.publish_agreement(actor=port.operator, program=port.program, text={"en": "Hello."}, url={})
    services.set_categories(actor=port.operator, shelves=[Shelf("travel", {"en": "Travel"})])
    whole(port)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_to_be_done_is_done_after_a_kill_at_any_moment(port, seed):
    """The worker is killed somewhere in the middle of what comes after a random line of its output."""
    lines = random.Random(seed).randint(2, 9)
    with worker(port, "loop") as process:
        done = [said(process).split() for _ in range(lines)]
    whole(port)
    for kind, row in done:
        if kind == "version":
            assert Version.objects.of(port.workspace).filter(pk=row).exists()
        elif kind == "release":
            assert Release.objects.of(port.workspace).filter(pk=row).exists()
        else:
            assert Release.objects.of(port.workspace).get(pk=row).state == "rolled_back"
    port.release("3.0.0")
    assert port.devices_on("3.0.0") == set(port.devices)
