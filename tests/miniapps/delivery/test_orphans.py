"""Stored files that nothing names go after a day, and nothing else does."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from pytest_django import Settings

from ferry.kernel import clock
from ferry.kernel.storage import blobs
from miniapps import selectors, services
from miniapps.carrying.presets import Place
from miniapps.delivery.orphans import sweep_orphans
from miniapps.models import Archive, Derived, Orphan, Part, Version
from tests.miniapps.carried import exported, take_in, trust
from tests.miniapps.delivery.workshop import FIRST, SECOND, deliver
from tests.miniapps.packages import samples
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def stored() -> set[str]:
    return {blob.sha256 for blob in blobs().stored()}


def make_old(*shas: str) -> None:
    """They were put two days ago."""
    moment = (clock.now() - 2 * DAY).timestamp()
    for sha256 in shas or stored():
        os.utime(blobs().path(sha256), (moment, moment))


def sweeps_for_days(days: int) -> int:
    """What hourly sweeps take away in so many days."""
    start, gone = clock.now(), 0
    for hour in range(0, 24 * days + 2, 6):
        with clock.frozen(start + timedelta(hours=hour)):
            gone += sweep_orphans()
    return gone


def picture(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (512, 512), color).save(out, "PNG")
    return out.getvalue()


def icons_of(world: World) -> set[str]:
    return {sha256 for program in selectors.programs(world.workspace) for sha256 in program.icons.values()}


@pytest.fixture
def world(transactional_db: None, settings: Settings, tmp_path: Path) -> World:
    """A program with everything that a blob is stored for, in a storage of its own."""
    settings.FERRY_BLOB_DIR = tmp_path / "blobs"
    world = World.make(devices=10)
    world.program = services.set_icon(actor=world.developer, program=world.program, picture=picture("navy"))
    for name, files in (("1.0.0", FIRST), ("2.0.0", SECOND)):
        world.approve(world.upload(name, files))
        world.release(name)
    deliver()
    place = Place()
    preset = services.ask_for_preset(actor=world.operator, host_app=world.host_app, wishes=(), place=place)
    services.make_now(preset)
    exported(world, world.version("1.0.0"))
    return world


def test_what_a_row_names_stays_for_ever(world):
    kept = stored()
    for model in (Version, Derived, Archive):
        assert set(model.objects.of(world.workspace).exclude(sha256="").values_list("sha256", flat=True)) <= kept
    make_old()
    assert sweeps_for_days(5) == 0
    assert stored() == kept
    assert not Orphan.objects.exists()


def test_parts_and_what_was_imported_stay_too(world):
    yard = World.make("Yard")
    split = yard.upload("1.0.0", samples.dimina())
    trust(yard, world)
    services.set_icon(actor=world.operator, program=world.program, picture=picture("red"))
    take_in(yard, exported(world, world.version("2.0.0")))
    parts = set(Part.objects.of(yard.workspace).values_list("sha256", flat=True))
    assert {split.sha256} | parts <= stored()
    make_old()
    sweeps_for_days(3)
    assert {split.sha256} | parts | icons_of(yard) <= stored()
    assert all(version.sha256 in stored() for version in Version.objects.of(yard.workspace))


def test_an_icon_that_was_replaced_goes_a_day_later(world):
    program = services.set_icon(actor=world.operator, program=world.program, picture=picture("red"))
    make_old()
    former = set(world.program.icons.values()) - set(program.icons.values())
    kept = stored() - former
    assert sweep_orphans() == 0
    with clock.frozen(clock.now() + DAY - timedelta(minutes=1)):
        assert sweep_orphans() == 0
    assert former <= stored()
    with clock.frozen(clock.now() + DAY + timedelta(minutes=1)):
        assert sweep_orphans() == len(former)
    assert stored() == kept


def test_what_was_stored_a_moment_ago_may_be_on_its_way(world):
    lost = blobs().put(b"of an upload that is under way").sha256
    assert sweeps_for_days(0) == 0
    assert not Orphan.objects.exists()
    assert lost in stored()


def test_a_refused_upload_is_found_and_one_that_is_tried_again_keeps_its_bytes(world):
    lost = blobs().put(b"of an upload that was refused").sha256
    again = blobs().put(b"of an upload that is tried again").sha256
    make_old(lost, again)
    sweep_orphans()
    blobs().put(b"of an upload that is tried again")
    later = clock.now() + timedelta(hours=25)
    with clock.frozen(later):
        os.utime(
            blobs().path(again), (later.timestamp() - 600, later.timestamp() - 600)
        )  # put does it by the disk's clock
        assert sweep_orphans() == 1
    assert (lost in stored(), again in stored()) == (False, True)


def test_what_is_named_again_is_no_orphan_any_more(world):
    version = world.version("1.0.0")
    Orphan.objects.create(sha256=version.sha256, since=clock.now() - 9 * DAY)
    make_old()
    assert sweep_orphans() == 0
    assert not Orphan.objects.exists()
    assert version.sha256 in stored()


def test_a_version_that_is_committed_while_the_sweep_looks_keeps_its_bytes(world, monkeypatch):
    """Its bytes were old and nobody's when the sweep listed them; the upload put them anew."""
    lost = world.upload("3.0.0", {"index.html": b"<h1>three</h1>"})
    Version.objects.of(world.workspace).filter(pk=lost.pk).delete()
    make_old(lost.sha256)
    sweep_orphans()
    remove = type(blobs()).remove_older

    def uploaded_first(store, sha256, than):
        world.upload("3.0.0", {"index.html": b"<h1>three</h1>"})
        return remove(store, sha256, than)

    monkeypatch.setattr(type(blobs()), "remove_older", uploaded_first)
    Orphan.objects.update(since=clock.now() - 2 * DAY)
    assert sweep_orphans() == 0
    assert lost.sha256 in stored()
