"""Bundles, exports and imports by hand, as operators and developers do it in the console."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from tests.console.desk import Desk
from tests.miniapps.carried import exported, trust
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db) -> Desk:
    return Desk.make()


@pytest.fixture
def yard(db) -> World:
    return World.make("Yard")


def upload(file: io.BytesIO) -> SimpleUploadedFile:
    return SimpleUploadedFile("carried.zip", file.getvalue(), "application/zip")


def test_an_operator_makes_a_bundle_and_downloads_it(desk):
    desk.world.release("1.0.0")
    operator, address = desk.as_(Role.OPERATOR), desk.url("preset-bundles", desk.world.host_app.pk)
    wish = {"programs": [desk.world.program.program_id], "platform": "web", "host_version": "6.3.0"}
    assert operator.post(address, wish).status_code == 302
    (made,) = selectors.preset_bundles(desk.world.host_app)
    assert f"{desk.world.program.program_id}@1" in operator.get(address).content.decode()
    file = operator.get(desk.url("archive-file", made.pk))
    assert b"".join(file.streaming_content).startswith(b"PK\3\4")
    assert "attachment" in file["Content-Disposition"]


def test_a_bundle_that_cannot_be_is_refused_in_words(desk):
    operator, address = desk.as_(Role.OPERATOR), desk.url("preset-bundles", desk.world.host_app.pk)
    answer = operator.post(address, {"platform": "web", "host_version": ""})
    assert (answer.status_code, "together, or neither" in answer.content.decode()) == (400, True)
    answer = operator.post(address, {})
    assert (answer.status_code, "would be empty" in answer.content.decode()) == (400, True)
    assert desk.as_(Role.DEVELOPER).post(address, {}).status_code == 400


def test_an_operator_exports_a_version_and_a_developer_does_not(desk):
    version = desk.world.version("1.0.0")
    where = desk.program_url("version-export", version.pk)
    assert desk.as_(Role.DEVELOPER).post(where, {}).status_code == 403
    operator = desk.as_(Role.OPERATOR)
    assert operator.post(where, {"recipient": "nobody"}, follow=True).content.decode().count("recipient is the id") == 1
    operator.post(where, {})
    (made,) = selectors.exports(version)
    page = operator.get(desk.program_url("version", version.pk)).content.decode()
    assert desk.url("archive-file", made.pk) in page
    delete = desk.url("archive-delete", made.pk)
    assert delete in page
    assert desk.as_(Role.DEVELOPER).post(delete).status_code == 403
    assert delete not in operator.post(delete, follow=True).content.decode()
    assert operator.post(delete).status_code == 404
    assert not selectors.exports(version).exists()


def test_a_bundle_that_is_deleted_leaves_its_list(desk):
    desk.world.release("1.0.0")
    operator, address = desk.as_(Role.OPERATOR), desk.url("preset-bundles", desk.world.host_app.pk)
    operator.post(address, {"platform": "", "host_version": ""})
    (made,) = selectors.preset_bundles(desk.world.host_app)
    delete = desk.url("archive-delete", made.pk)
    assert delete in operator.get(address).content.decode()
    assert delete not in operator.post(delete, follow=True).content.decode()


def test_trust_then_import_then_where_it_came_from(desk, yard):
    file = exported(yard, yard.version("1.0.0"))
    developer, admin = desk.as_(Role.DEVELOPER), desk.as_(Role.ADMIN)
    early = developer.post(desk.url("imports"), {"file": upload(file)})
    assert (early.status_code, "does not trust the key" in early.content.decode()) == (400, True)
    fields = {"there": yard.host_app.app_key, "here": desk.world.host_app.pk}
    wrong = admin.post(desk.url("trust"), {"file": upload(file), "fingerprint": "00", **fields})
    assert (wrong.status_code, "not the one given" in wrong.content.decode()) == (400, True)
    spoken = services.export_key(actor=yard.operator).fingerprint
    assert developer.post(desk.url("trust"), {"file": upload(file), "fingerprint": spoken}).status_code == 403
    assert admin.post(desk.url("trust"), {"file": upload(file), "fingerprint": spoken, **fields}).status_code == 302
    taken = developer.post(desk.url("imports"), {"file": upload(file)}, follow=True)
    page = taken.content.decode()
    assert "Where it came from" in page
    assert "reviewer (Yard)" in page
    (exporter,) = selectors.exporters(desk.workspace)
    admin.post(desk.url("exporter-revoke", exporter.pk))
    assert not selectors.exporters(desk.workspace).exists()


def test_a_damaged_file_is_refused_in_words(desk, yard):
    trust(desk.world, yard)
    file = bytearray(exported(yard, yard.version("1.0.0")).getvalue())
    file[len(file) // 2] ^= 1
    answer = desk.as_(Role.DEVELOPER).post(desk.url("imports"), {"file": upload(io.BytesIO(bytes(file)))})
    assert (answer.status_code, "cannot be imported" in answer.content.decode()) == (400, True)
