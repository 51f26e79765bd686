"""Preset bundles: what they hold, who may ask, what becomes of them when a maker dies."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta

import pytest

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Invalid, NotAllowed, NotFound
from ferry.kernel.signing import ecdsa
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.storage import blobs
from miniapps import selectors, services
from miniapps.carrying.files import open_file, package_path
from miniapps.carrying.presets import Place
from miniapps.delivery import orphans
from miniapps.errors import NotInBundle
from miniapps.models import Archive, ArchiveState
from miniapps.packages.guard import Limits
from miniapps.services import archive_rows, archives, presets
from tests.miniapps.carried import content
from tests.world import World

pytestmark = pytest.mark.django_db
ANY = Place()


def bundle(world: World, *wishes: services.Wish, place: Place = ANY) -> dict:
    """The document of a bundle, its form and signature checked as a host does it."""
    asked = services.ask_for_preset(actor=world.operator, host_app=world.host_app, wishes=wishes, place=place)
    opened = open_bundle(services.make_now(asked))
    return opened.value


def open_bundle(archive: Archive):
    import tempfile

    opened = open_file(content(archive), "bundle", Limits(), tempfile.TemporaryFile)
    pem = opened.value["keys"][opened.signature["kid"]]
    assert ecdsa.verify(pem, opened.document, opened.signature["value"])
    return opened


def test_a_bundle_holds_what_a_check_in_gives_a_new_device(world):
    world.release("1.0.0")
    document = bundle(world)
    (program,) = document["programs"]
    update = program["update"]
    assert (program["listing"]["name"], update["code"], update["action"]) == ("City Ferry", 1, "install")
    statement = {
        "host_app": document["host_app"],
        "program": update["id"],
        "version_code": update["code"],
        **{name: update["package"][name] for name in ("sha256", "size", "files_root")},
    }
    pem = document["keys"][update["signature"]["kid"]]
    assert ecdsa.verify(pem, canonical_json(statement), update["signature"]["value"])
    opened = open_bundle(Archive.objects.of(world.workspace).get())
    stored = b"".join(opened.read(package_path(update["package"]["sha256"])))
    assert hashlib.sha256(stored).hexdigest() == update["package"]["sha256"]


def test_shares_and_trials_stay_out_of_it(world):
    world.release("1.0.0")
    world.release("2.0.0", share=50)
    world.release("3.0.0", kind="trial", users=["anna"])
    assert [one["update"]["code"] for one in bundle(world)["programs"]] == [1]
    with pytest.raises(NotInBundle):
        bundle(world, services.Wish(world.program.program_id, 2))


def test_a_build_gets_the_version_that_it_can_open(world):
    old = world.upload("1.0.0", host_range={"android": {"min": "6.0.0", "max": "6.9"}})
    world.approve(old)
    world.release("1.0.0")
    new = world.upload("2.0.0", host_range={"android": {"min": "7.0.0", "max": None}})
    world.approve(new)
    world.release("2.0.0")
    codes = [bundle(world, place=Place("android", at))["programs"][0]["update"]["code"] for at in ("6.5.0", "7.1.0")]
    assert codes == [1, 2]
    with pytest.raises(NotInBundle):
        bundle(world, place=Place("ios", "6.5.0"))


@pytest.mark.parametrize("place", [Place("android", ""), Place("", "6.0.0"), Place("toaster", "1"), Place("web", "x")])
def test_a_place_is_a_platform_and_a_version(world, place):
    world.release("1.0.0")
    with pytest.raises(Invalid):
        bundle(world, place=place)


def test_what_is_withdrawn_or_unknown_is_not_in_it(world):
    world.release("1.0.0")
    with pytest.raises(NotInBundle):
        bundle(world, services.Wish("nobody"))
    world.withdraw()
    with pytest.raises(NotInBundle):
        bundle(world)


def test_an_empty_bundle_and_an_overfull_one_are_refused_with_what_to_do(world, monkeypatch):
    with pytest.raises(NotInBundle, match="Release one to everybody there first"):
        bundle(world)
    world.release("1.0.0")
    monkeypatch.setattr(presets, "MOST_PROGRAMS", 0)
    with pytest.raises(NotInBundle, match=r"1 mini-programs go to everybody in .* Name those"):
        bundle(world)


def test_only_who_may_release_may_ask(world):
    world.release("1.0.0")
    with pytest.raises(NotAllowed):
        services.ask_for_preset(actor=world.developer, host_app=world.host_app, wishes=(), place=ANY)


def test_serials_count_for_each_host_app(world):
    world.release("1.0.0")
    assert [bundle(world)["serial"] for _ in range(3)] == [1, 2, 3]


def asked(world: World) -> Archive:
    return services.ask_for_preset(actor=world.operator, host_app=world.host_app, wishes=(), place=ANY)


def fresh(archive: Archive) -> Archive:
    return Archive.objects.of(archive.workspace).get(pk=archive.pk)


def test_a_version_that_went_before_the_worker_came_is_said(world):
    world.release("1.0.0")
    waits = asked(world)
    world.withdraw()
    assert services.make_due() == 0
    assert (fresh(waits).state, fresh(waits).problem["code"]) == (ArchiveState.REFUSED, "not_in_bundle")
    assert services.make_due() == 0


def test_nobody_makes_what_somebody_holds_and_the_next_makes_what_a_dead_one_left(world, monkeypatch):
    world.release("1.0.0")
    waits = asked(world)
    token = archive_rows.claim(waits)
    assert services.make_due() == 0
    later = clock.now() + timedelta(seconds=archive_rows.LEASE_S + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert services.make_due() == 1
    made = fresh(waits)
    assert made.state == ArchiveState.MADE
    # The first one wakes up: its row has passed on, and what it writes counts for nothing.
    assert not archive_rows.finish(waits, token, state=ArchiveState.REFUSED)
    assert fresh(waits).sha256 == made.sha256


def test_a_second_attempt_gives_the_same_bytes(world, monkeypatch):
    world.release("1.0.0")
    waits = asked(world)
    assert archives.make(waits)
    first = fresh(waits).sha256
    Archive.objects.of(world.workspace).update(state=ArchiveState.DUE, sha256="", leased_until=None)
    assert archives.make(waits)
    assert fresh(waits).sha256 == first


def test_a_storage_that_fails_is_tried_again_and_then_said(world, monkeypatch):
    world.release("1.0.0")
    waits = asked(world)

    def away(*_):
        raise OSError("the disk is away")

    monkeypatch.setattr(type(blobs()), "put", away)
    for _ in range(archives.ATTEMPTS):
        assert fresh(waits).state == ArchiveState.DUE
        Archive.objects.of(world.workspace).update(leased_until=None)
        assert services.make_due() == 0
    assert fresh(waits).problem["code"] == "internal_error"


def test_one_that_ends_its_maker_each_time_is_given_up(world):
    """kill -9, or too little memory: nobody is left to say that it went wrong."""
    world.release("1.0.0")
    waits = asked(world)
    for _ in range(archives.ATTEMPTS):
        assert archive_rows.claim(fresh(waits)) is not None
        Archive.objects.of(world.workspace).update(leased_until=None)
    assert services.make_due() == 0
    assert (fresh(waits).state, fresh(waits).problem["code"]) == (ArchiveState.REFUSED, "internal_error")


def test_a_large_one_is_left_to_the_worker(world, monkeypatch):
    world.release("1.0.0")
    monkeypatch.setattr(archives, "SMALL", 10)
    assert services.make_now(asked(world)).state == ArchiveState.DUE
    assert services.make_due() == 1


def test_it_is_asked_for_listed_and_fetched_over_the_api(world, client):
    world.release("1.0.0")
    head = {"Authorization": f"Bearer {world.token('operator')}"}
    where = f"/api/v1/host-apps/{world.host_app.pk}/preset-bundles"
    wish = {"programs": [{"id": world.program.program_id}], "platform": "web", "host_version": "6.3.0"}
    answer = client.post(where, wish, "application/json", headers={**head, "Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["state"]) == (201, "made")
    again = client.post(where, wish, "application/json", headers={**head, "Idempotency-Key": "one"})
    assert again.json() == answer.json()
    (listed,) = client.get(where, headers=head).json()["items"]
    assert listed == answer.json()
    file = client.get(f"/api/v1/archives/{listed['id']}/file", headers={**head, "Accept": "application/zip"})
    body = b"".join(file.streaming_content)
    assert hashlib.sha256(body).hexdigest() == listed["sha256"]
    assert int(file["Content-Length"]) == len(body)
    refused = client.post(where, {"programs": [{"id": "nobody"}]}, "application/json", headers=head)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_in_bundle")


def test_a_file_that_is_not_made_yet_is_not_fetched(world, client):
    world.release("1.0.0")
    waits = asked(world)
    head = {"Authorization": f"Bearer {world.token('operator')}", "Accept": "application/zip"}
    answer = client.get(f"/api/v1/archives/{waits.pk}/file", headers=head)
    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (409, "archive_not_made")


def test_a_deleted_bundle_is_gone_its_serial_is_not_given_again_and_its_bytes_are_swept(world):
    world.release("1.0.0")
    first = services.make_now(asked(world))
    with pytest.raises(NotAllowed):
        services.delete_archive(actor=world.developer, archive=first)
    services.delete_archive(actor=world.operator, archive=first)
    with pytest.raises(NotFound):
        services.delete_archive(actor=world.operator, archive=first)
    with pytest.raises(NotFound):
        selectors.archive(world.workspace, first.pk)
    assert not selectors.preset_bundles(world.host_app).exists()
    assert audit.entries(world.workspace)[0].action == "preset.deleted"
    second = services.make_now(asked(world))
    assert second.serial == 2
    old = clock.now() - timedelta(days=2)
    for archive in (first, second):
        os.utime(blobs().path(archive.sha256), (old.timestamp(), old.timestamp()))
    assert orphans.sweep_orphans() == 0
    with clock.frozen(clock.now() + timedelta(hours=25)):
        assert orphans.sweep_orphans() == 1
    assert (blobs().exists(first.sha256), blobs().exists(second.sha256)) == (False, True)


def test_a_maker_whose_bundle_is_deleted_meanwhile_leaves_nothing(world, monkeypatch):
    world.release("1.0.0")
    waits, real = asked(world), archive_rows.renew

    def deleted_first(archive, token, seconds=archive_rows.LEASE_S):
        services.delete_archive(actor=world.operator, archive=archive)
        real(archive, token, seconds)

    monkeypatch.setattr(archive_rows, "renew", deleted_first)
    assert services.make_due() == 0
    assert (fresh(waits).state, fresh(waits).sha256) == (ArchiveState.DELETED, "")
    assert services.make_due() == 0
