"""kill -9 during an import or the making of a file: a version is there whole or not at all, a file is made later."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from ferry.kernel import clock
from ferry.kernel.publishing.verification import verify_snapshots
from miniapps import services
from miniapps.carrying.presets import Place
from miniapps.models import Archive, ArchiveState, ImportedVersion, MiniProgram, Review, Version
from miniapps.services import archive_rows
from tests.doomed import said
from tests.faults.test_publish_killed import whole, worker
from tests.miniapps.carried import content, exported, take_in, trust
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture
def island(transactional_db: None) -> tuple[World, io.BytesIO]:
    """A workspace that trusts the yard, and the yard's file where the worker finds it."""
    yard, here = World.make("Yard"), World.make("Harbour")
    trust(here, yard, {yard.host_app.app_key: here.host_app.pk})
    file = exported(yard, yard.version("1.0.0"))
    (Path(settings.FERRY_DATA) / "carried.zip").write_bytes(file.getvalue())
    return here, file


@pytest.mark.parametrize("stage", ["import read", "program made", "import recorded", "approval counted"])
def test_an_import_that_is_killed_leaves_nothing_half(island, stage):
    here, file = island
    with worker(here, stage) as process:
        assert said(process) == "here"
    for table in (ImportedVersion, Version, Review):
        assert not table.objects.of(here.workspace).exists(), table
    assert MiniProgram.objects.of(here.workspace).count() == 1  # its own
    assert verify_snapshots() == []
    made = take_in(here, file)
    assert [review.state for review in made.approvals] == ["approved"]
    whole(here)


@pytest.mark.parametrize("stage", ["bundle claimed", "bundle stored"])
def test_a_bundle_whose_maker_is_killed_is_made_by_the_next(transactional_db, stage, monkeypatch):
    world = World.make()
    world.release("1.0.0")
    asked = services.ask_for_preset(actor=world.operator, host_app=world.host_app, wishes=(), place=Place())
    with worker(world, stage) as process:
        assert said(process) == "here"
    row = Archive.objects.of(world.workspace)
    assert row.get(pk=asked.pk).state == ArchiveState.DUE
    assert services.make_due() == 0  # the lease of the dead one still runs
    later = clock.now() + timedelta(seconds=archive_rows.LEASE_S + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert services.make_due() == 1
    assert content(row.get(pk=asked.pk)).read(4) == b"PK\3\4"
