"""tus 1.0.0 on the site: pieces arrive, break off, go on, and become a version once."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.rights import Role
from miniapps import services
from miniapps.errors import UploadBusy, UploadGone
from miniapps.models import ResumableUpload
from tests.world import PAGE, RANGE, World, make_zip

pytestmark = pytest.mark.django_db

API = "/api/v1"
PACKAGE = make_zip({"index.html": PAGE, "big.bin": bytes(range(256)) * 40}, compression=0).read()


@pytest.fixture
def world(db: None, tmp_path: Path, settings: Settings) -> World:
    settings.FERRY_DATA = tmp_path
    return World.make(devices=0)


class Tus:
    """A client that says what it is told to say."""

    def __init__(self, world: World, role: str = Role.DEVELOPER) -> None:
        self._client = Client()
        self._headers = {"Authorization": f"Bearer {world.token(role)}", "Tus-Resumable": "1.0.0"}

    def send(self, method: str, path: str, body: bytes = b"", kind: str = "", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(method, path, body, content_type=kind, headers={**self._headers, **named})

    def begin(self, size: int, **headers: str) -> Any:
        return self.send("POST", f"{API}/uploads", Upload_Length=str(size), **headers)

    def piece(self, path: str, offset: int, body: bytes, **headers: str) -> Any:
        kind = "application/offset+octet-stream"
        return self.send("PATCH", path, body, kind, Upload_Offset=str(offset), **headers)

    def make(self, world: World, path: str, **values: Any) -> Any:
        body = json.dumps({"upload": path.rpartition("/")[2], "host_range": RANGE, **values}).encode()
        return self.send("POST", f"{API}/mini-programs/{world.program.program_id}/versions", body, "application/json")


def folder() -> Path:
    return Path(django_settings.FERRY_DATA) / "uploads"


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.django_db(transaction=True)
def test_a_file_in_pieces_becomes_a_version(world):
    tus = Tus(world)
    begun = tus.begin(len(PACKAGE), Upload_Metadata="filename cGFja2FnZS56aXA=")
    assert begun.status_code == 201
    assert (begun["Upload-Offset"], begun["Tus-Resumable"]) == ("0", "1.0.0")
    path = begun["Location"]
    first = tus.piece(path, 0, PACKAGE[:1000])
    assert (first.status_code, first["Upload-Offset"]) == (204, "1000")
    asked = tus.send("HEAD", path)
    assert (asked.status_code, asked["Upload-Offset"], asked["Upload-Length"]) == (200, "1000", str(len(PACKAGE)))
    assert asked["Upload-Metadata"] == "filename cGFja2FnZS56aXA="
    assert asked["Cache-Control"] == "no-store"
    assert code(tus.make(world, path)) == (409, "upload_incomplete")
    assert tus.piece(path, 1000, PACKAGE[1000:]).status_code == 204
    made = tus.make(world, path, name="1.0.0")
    assert made.status_code == 201, made.content
    assert {file["path"] for file in made.json()["files"]} == {"index.html", "big.bin"}
    assert code(tus.make(world, path)) == (404, "not_found")
    assert list(folder().iterdir()) == []
    told = [entry.action for entry in audit.entries(world.workspace)]
    assert "upload.created" in told


def test_the_same_version_request_sent_twice_is_answered_twice_and_done_once(world):
    tus = Tus(world)
    path = tus.begin(len(PACKAGE))["Location"]
    tus.piece(path, 0, PACKAGE)
    body = json.dumps({"upload": path.rpartition("/")[2], "host_range": RANGE}).encode()
    address = f"{API}/mini-programs/{world.program.program_id}/versions"
    answers = [tus.send("POST", address, body, "application/json", Idempotency_Key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


@pytest.mark.django_db(transaction=True)
def test_a_refused_package_leaves_nothing(world):
    tus = Tus(world)
    path = tus.begin(4)["Location"]
    tus.piece(path, 0, b"nope")
    assert code(tus.make(world, path)) == (422, "package_refused")
    assert tus.send("HEAD", path).status_code == 404
    assert list(folder().iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_what_only_lacks_a_word_can_be_asked_for_again(world):
    tus = Tus(world)
    path = tus.begin(len(PACKAGE))["Location"]
    tus.piece(path, 0, PACKAGE)
    assert code(tus.make(world, path, host_range=None)) == (422, "host_range_missing")
    assert tus.make(world, path).status_code == 201
    other = tus.begin(10)["Location"]
    assert tus.send("DELETE", other).status_code == 204
    assert tus.send("HEAD", other).status_code == 404
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"Upload_Offset": "5"}, (409, "upload_offset_wrong")),
        ({"Upload_Offset": "-1"}, (400, "invalid")),
        ({"Upload_Offset": "x"}, (400, "invalid")),
        ({"Upload_Offset": "9" * 40}, (409, "upload_offset_wrong")),
        ({"Tus_Resumable": "0.2.2"}, (412, "tus_version_unknown")),
        ({"Upload_Checksum": "md5 AAAA"}, (400, "invalid")),
        ({"Upload_Checksum": "sha1 %%%"}, (400, "invalid")),
        ({"Upload_Checksum": f"sha1 {base64.b64encode(bytes(20)).decode()}"}, (460, "upload_checksum_wrong")),
    ],
)
def test_a_piece_that_does_not_fit_changes_nothing(world, headers, answer):
    tus = Tus(world)
    path = tus.begin(10)["Location"]
    refused = (
        tus.piece(path, 0, b"abc", **headers)
        if "Upload_Offset" not in headers
        else tus.send("PATCH", path, b"abc", "application/offset+octet-stream", **headers)
    )
    assert code(refused) == answer
    assert refused["Tus-Resumable"] == "1.0.0"
    assert tus.send("HEAD", path)["Upload-Offset"] == "0"


def test_other_ways_of_asking_wrongly(world):
    tus = Tus(world)
    path = tus.begin(10)["Location"]
    assert code(tus.send("PATCH", path, b"abc", "application/json", Upload_Offset="0")) == (415, "upload_type_wrong")
    assert code(tus.piece(path, 0, b"x" * 11)) == (413, "too_large")
    for much in ("9" * 12, str(2**53 + 1), str(2**63), str(2**64), "9" * 5000):
        assert code(tus.send("POST", f"{API}/uploads", Upload_Length=much)) == (413, "too_large")
    assert code(tus.begin(-1)) == (400, "invalid")
    assert code(tus.send("POST", f"{API}/uploads", Upload_Defer_Length="1")) == (400, "invalid")
    assert code(tus.begin(10, Upload_Metadata="filename ???")) == (400, "invalid")
    able = tus.send("OPTIONS", f"{API}/uploads")
    assert able.status_code == 204
    assert able["Tus-Extension"] == "creation,expiration,checksum,termination"


@pytest.mark.parametrize("path", ["", "/00000000000000000000000000"])
def test_what_the_server_can_do_is_told_without_a_token(world, path):
    able = Client().options(f"{API}/uploads{path}")
    assert (able.status_code, able.content) == (204, b"")
    assert able["Tus-Version"] == "1.0.0"
    assert able["Tus-Max-Size"] == str(django_settings.FERRY_MAX_UPLOAD_BYTES)
    assert Client().options(f"{API}/mini-programs").status_code == 401


def test_a_piece_with_a_checksum_is_taken_whole(world):
    tus = Tus(world)
    path = tus.begin(6)["Location"]
    digest = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    assert tus.piece(path, 0, b"abc", Upload_Checksum=f"sha256 {digest}")["Upload-Offset"] == "3"
    assert code(tus.piece(path, 3, b"abd", Upload_Checksum=f"sha256 {digest}")) == (460, "upload_checksum_wrong")
    assert tus.send("HEAD", path)["Upload-Offset"] == "3"


def test_an_upload_belongs_to_who_began_it(world):
    mine, theirs = Tus(world), Tus(World.make("Yard", devices=0))
    path = mine.begin(3)["Location"]
    assert theirs.send("HEAD", path).status_code == 404
    admin = Tus(world, Role.ADMIN)
    assert code(admin.piece(path, 0, b"abc")) == (404, "not_found")
    assert code(admin.send("DELETE", path)) == (404, "not_found")
    assert mine.send("HEAD", path)["Upload-Offset"] == "0"


def test_nobody_fills_the_disk_with_what_he_never_finishes(world):
    tus = Tus(world)
    answers = [tus.begin(10) for _ in range(services.uploads.MOST_OPEN + 1)]
    assert [answer.status_code for answer in answers[:-1]] == [201] * services.uploads.MOST_OPEN
    assert code(answers[-1]) == (409, "too_many_uploads")


class Broken:
    """A connection that breaks after some bytes."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    def read(self, size: int, /) -> bytes:
        if not self._left:
            raise ConnectionResetError
        piece, self._left = self._left[:size], self._left[size:]
        return piece


def test_what_came_before_the_connection_broke_is_kept(world):
    actor = world.developer
    upload = services.create_upload(actor=actor, size=100)
    services.append_upload(actor=actor, upload_id=upload.pk, offset=0, length=100, source=Broken(b"x" * 40))
    assert services.own_upload(actor=actor, upload_id=upload.pk).offset == 40
    services.append_upload(actor=actor, upload_id=upload.pk, offset=40, length=60, source=Broken(b"y" * 60))
    with services.opened_upload(actor=actor, upload_id=upload.pk) as (_, file):
        assert file.read() == b"x" * 40 + b"y" * 60


def test_bytes_behind_the_row_are_written_over(world):
    """What a crash between the sync and the row leaves: the client is told the row's offset and sends again."""
    actor = world.developer
    upload = services.create_upload(actor=actor, size=6)
    services.append_upload(actor=actor, upload_id=upload.pk, offset=0, length=3, source=Broken(b"abc"))
    with (folder() / upload.pk).open("ab") as file:
        file.write(b"lost in the crash")
    services.append_upload(actor=actor, upload_id=upload.pk, offset=3, length=3, source=Broken(b"def"))
    with services.opened_upload(actor=actor, upload_id=upload.pk) as (_, file):
        assert file.read() == b"abcdef"


def test_a_file_shorter_than_its_row_is_never_used(world):
    actor = world.developer
    upload = services.create_upload(actor=actor, size=3)
    services.append_upload(actor=actor, upload_id=upload.pk, offset=0, length=3, source=Broken(b"abc"))
    os.truncate(folder() / upload.pk, 1)
    with pytest.raises(UploadGone), services.opened_upload(actor=actor, upload_id=upload.pk):
        pytest.fail("it was opened")


@pytest.mark.django_db(transaction=True)
def test_an_upload_whose_bytes_are_lost_can_be_thrown_away_and_stops_no_sweep(world):
    tus = Tus(world)
    mine, lost, expired = (tus.begin(10)["Location"] for _ in range(3))
    for path in (mine, lost, expired):
        tus.piece(path, 0, b"0123456789")
    for path in (mine, lost):
        os.truncate(folder() / path.rpartition("/")[2], 3)
    assert code(tus.make(world, mine)) == (410, "upload_gone")
    assert tus.send("DELETE", mine).status_code == 204
    ResumableUpload.objects.unscoped().update(expires_at=clock.now())
    assert services.sweep_uploads() == 2
    assert list(folder().iterdir()) == []


def use(actor: Any, upload_id: str) -> None:
    with services.opened_upload(actor=actor, upload_id=upload_id):
        pytest.fail("it was opened")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "act",
    [
        lambda actor, upload_id: services.end_upload(actor=actor, upload_id=upload_id),
        lambda actor, upload_id: services.append_upload(
            actor=actor, upload_id=upload_id, offset=0, length=0, source=Broken(b"")
        ),
        use,
    ],
)
def test_an_upload_that_goes_while_somebody_reaches_for_it_is_not_there(world, monkeypatch, act):
    actor = world.developer
    found = services.create_upload(actor=actor, size=0)
    services.end_upload(actor=actor, upload_id=found.pk)
    monkeypatch.setattr("miniapps.services.uploads.own_upload", lambda **_: found)
    with pytest.raises(NotFound):
        act(actor, found.pk)
    assert list(folder().iterdir()) == []
    assert [entry.action for entry in audit.entries(world.workspace)].count("upload.ended") == 1


def test_two_pieces_do_not_meet(world):
    actor = world.developer
    upload = services.create_upload(actor=actor, size=3)
    services.append_upload(actor=actor, upload_id=upload.pk, offset=0, length=3, source=Broken(b"abc"))
    with services.opened_upload(actor=actor, upload_id=upload.pk):
        with pytest.raises(UploadBusy):
            services.append_upload(actor=actor, upload_id=upload.pk, offset=3, length=0, source=Broken(b""))
        with pytest.raises(UploadBusy):
            services.end_upload(actor=actor, upload_id=upload.pk)


@pytest.mark.django_db(transaction=True)
def test_the_sweep_takes_what_expired_and_what_has_no_row(world):
    actor = world.developer
    old, kept = (services.create_upload(actor=actor, size=3) for _ in range(2))
    for upload in (old, kept):
        services.append_upload(actor=actor, upload_id=upload.pk, offset=0, length=3, source=Broken(b"abc"))
    ResumableUpload.objects.unscoped().filter(pk=old.pk).update(expires_at=clock.ago(seconds=1))
    orphan, young = folder() / "orphan", folder() / "young"
    workshop = folder().parent / "tmp"
    workshop.mkdir(exist_ok=True)
    for path in (orphan, young, workshop / "dead", workshop / "at-work"):
        path.write_bytes(b"x")
    yesterday = time.time() - timedelta(hours=25).total_seconds()
    for path in (orphan, workshop / "dead"):
        os.utime(path, (yesterday, yesterday))
    with pytest.raises(UploadGone):
        services.own_upload(actor=actor, upload_id=old.pk)
    assert services.sweep_uploads() == 2
    assert services.sweep_workshop() == 1
    assert {path.name for path in folder().iterdir()} == {kept.pk, "young"}
    assert [path.name for path in workshop.iterdir()] == ["at-work"]
