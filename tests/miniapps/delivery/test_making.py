"""Copies and deltas: which are made, from what, and what a phone gets out of them."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import timedelta

import pytest
import zstandard
from django.db import transaction

from ferry.kernel import clock
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.publishing import selectors as published
from ferry.kernel.storage import blobs
from miniapps import selectors
from miniapps.delivery import compress, making, plan, sweeping
from miniapps.delivery import selectors as delivery
from miniapps.models import Derived, Form, Version
from tests.miniapps.delivery.workshop import FIRST, OTHER, SECOND, deliver, row
from tests.world import World

State = Derived.State


def content(sha256: str) -> bytes:
    with blobs().open(sha256) as file:
        return file.read()


@pytest.fixture
def pair(world: World) -> tuple[Version, Version]:
    """Two versions that are alike, the first released to everybody and the second to a tenth."""
    first, second = world.upload("1.0.0", FIRST), world.upload("2.0.0", SECOND)
    world.release("1.0.0")
    world.release("2.0.0", share=10)
    return first, second


def test_a_delta_makes_the_new_package_out_of_the_old_one(world: World, pair: tuple[Version, Version]) -> None:
    first, second = pair
    assert deliver() == 8  # three copies of each, a delta there and one back
    made = row(world, Form.DELTA, second.sha256, first.sha256)
    assert made.state == State.MADE
    dictionary = zstandard.ZstdCompressionDict(content(first.sha256), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    frame = content(made.sha256)
    assert zstandard.ZstdDecompressor(dict_data=dictionary).decompress(frame) == content(second.sha256)
    assert len(frame) == made.size < second.size / 20
    back = row(world, Form.DELTA, first.sha256, second.sha256)
    assert back.state == State.MADE  # a roll-back is a download too


def test_copies_are_the_package_again(world: World, pair: tuple[Version, Version]) -> None:
    deliver()
    first, _ = pair
    package = content(first.sha256)
    zstd = content(row(world, Form.ZSTD, first.sha256).sha256)
    assert zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompress(zstd) == package
    zipped = content(row(world, Form.GZIP, first.sha256).sha256)
    assert gzip.decompress(zipped) == package
    deflated = delivery.deflated_zip(first)
    assert deflated is not None
    assert deflated.path == f"/packages/{first.sha256}.deflated.zip"
    with zipfile.ZipFile(io.BytesIO(content(deflated.sha256))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FIRST
        assert all(not entry.flag_bits & 0x08 for entry in archive.infolist())  # sizes stand in the local headers


def test_a_delta_that_saves_too_little_is_not_made(world: World) -> None:
    first, other = world.upload("1.0.0", FIRST), world.upload("2.0.0", OTHER)
    world.release("1.0.0")
    world.release("2.0.0", share=10)
    deliver()
    refused = row(world, Form.DELTA, other.sha256, first.sha256)
    assert (refused.state, refused.reason) == (State.REFUSED, "too_large")
    assert refused.size > making.MOST_SHARE * row(world, Form.ZSTD, other.sha256).size
    assert deliver() == 0  # and is not tried again


def test_what_compression_does_not_help_goes_as_it_is(world: World) -> None:
    noise = compress_proof(40_000)
    version = world.upload("1.0.0", {"index.html": b"x", "photo.bin": noise})
    world.release("1.0.0")
    deliver()
    assert row(world, Form.ZSTD, version.sha256).reason == "no_gain"
    assert row(world, Form.DEFLATED, version.sha256).state == State.MADE


def compress_proof(size: int) -> bytes:
    import random

    return random.Random(3).randbytes(size)


def test_the_newest_approved_version_is_ready_before_its_release(world: World) -> None:
    first, second = world.upload("1.0.0", FIRST), world.upload("2.0.0", SECOND)
    world.release("1.0.0")
    world.approve(second)
    deliver()
    assert row(world, Form.DELTA, second.sha256, first.sha256).state == State.MADE


def test_phones_that_are_behind_get_a_delta_too(world: World) -> None:
    """A version whose release is over counts while devices still report it."""
    old = world.upload("0.1.0", FIRST)
    world.approve(old)
    world.release("1.0.0")
    line = plan.version_lines(world.host_app)[0]
    assert old.sha256 not in line.bases
    assert plan.Line("p", targets={"t": None}, bases={"t": None, "b": None}).bases == {"t": None, "b": None}
    many = plan.Line("p", targets={"t": None}, bases=dict.fromkeys(f"b{n}" for n in range(30)))
    deltas = [wanted for wanted in plan.of_line(many) if wanted[1] == Form.DELTA]
    assert [base for _, _, base, _ in deltas] == [f"b{n}" for n in range(plan.MOST_BASES)]


def test_the_snapshot_names_what_was_made(world: World, pair: tuple[Version, Version]) -> None:
    import json

    first, second = pair
    deliver()
    _, manifest, _ = published.manifest(world.host_app.pk)
    sha = manifest[f"program:{world.program.program_id}"]["sha"]
    part = json.loads(published.parts([sha])[sha])
    entry = next(each for each in part["releases"] if each["version"]["code"] == second.code)
    assert set(entry["forms"]) == {"zstd", "gzip", "deflated"}
    (delta,) = entry["deltas"]
    made = row(world, Form.DELTA, second.sha256, first.sha256)
    assert delta == {"code": first.code, "from": first.sha256, "sha256": made.sha256, "size": made.size}


def test_a_worker_that_lost_its_lease_writes_nothing(world: World, pair: tuple[Version, Version]) -> None:
    plan.plan()
    slow = making.claim_next()
    assert slow is not None
    with clock.frozen(clock.now() + timedelta(seconds=making.LEASE_S + 1)):
        while (quick := making.claim_next()) is not None and quick.row.pk != slow.row.pk:
            making.make(quick)
        assert quick is not None
        with pytest.raises(LeaseLost):
            making.make(slow)
        assert making.make(quick)
    assert Derived.objects.of(world.workspace).get(pk=slow.row.pk).token == quick.token == 2


def test_a_package_that_is_not_there_is_tried_again_and_given_up(world: World) -> None:
    version = world.upload("1.0.0", FIRST)
    world.release("1.0.0")
    plan.plan()
    blobs().delete(version.sha256)
    now = clock.now()
    for attempt in range(making.MOST_ATTEMPTS):
        with clock.frozen(now + timedelta(hours=attempt)):
            while (claim := making.claim_next()) is not None:
                with pytest.raises(Exception, match="not in the storage"):
                    making.make(claim)
    states = Derived.objects.of(world.workspace).filter(source=version.sha256).values_list("state", "reason")
    assert set(states) == {(State.REFUSED, "failed")}


def test_what_nobody_wants_goes_after_a_day(world: World, pair: tuple[Version, Version]) -> None:
    first, second = pair
    deliver()
    delta = row(world, Form.DELTA, second.sha256, first.sha256)
    third = world.upload("3.0.0", OTHER)
    for name in ("3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.5.0"):
        world.release(name)
    assert selectors.releases(world.workspace, host_app=world.host_app).count() == 8
    plan.plan()
    assert sweeping.sweep() == 0
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert sweeping.sweep() > 0
    assert not Derived.objects.of(world.workspace).filter(pk=delta.pk).exists()
    assert not blobs().exists(delta.sha256)
    assert blobs().exists(third.sha256)
    assert blobs().exists(first.sha256)


def test_a_file_that_another_row_names_stays(world: World, pair: tuple[Version, Version]) -> None:
    """Equal bytes are one blob, also of two workspaces."""
    deliver()
    first, _ = pair
    twin = World.make("Other")
    twin.upload("1.0.0", FIRST)
    twin.release("1.0.0")
    deliver()
    mine = row(world, Form.ZSTD, first.sha256)
    with transaction.atomic():
        Derived.objects.of(world.workspace).filter(pk=mine.pk).update(unwanted_since=clock.now() - timedelta(days=2))
    sweeping.sweep()
    assert blobs().exists(mine.sha256)
    assert row(twin, Form.ZSTD, first.sha256).sha256 == mine.sha256


@pytest.mark.parametrize(
    ("base", "target", "log"),
    [(1, 1, 10), (5 << 20, 5 << 20, 23), (1 << 20, 30 << 20, 23), (20 << 20, 20 << 20, 25), (60 << 20, 64 << 20, 26)],
)
def test_a_browser_can_hold_the_window(base: int, target: int, log: int) -> None:
    """RFC 9842: at most 8 MB or 1.25 times the dictionary; a frame that fits its window needs no more than its size."""
    assert compress.window_log(base, target) == log
    needs = min(1 << log, target) if 1 << log >= target else 1 << log
    assert needs <= max(8 << 20, base * 5 // 4)
