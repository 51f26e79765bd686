"""Terms: merged from their subjects, counted, signed, and given to devices that have the version already."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ferry.kernel.identity.actors import system
from ferry.kernel.publishing.services import publishing
from ferry.kernel.signing import services as signing
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.selectors import public_keys
from miniapps import services
from miniapps.services import terms as settling
from miniapps.terms import NONE, terms_of
from tests.world import World


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What one subject says of every version; a test changes it."""
    says: dict[str, Any] = {}
    monkeypatch.setattr(settling, "SUBJECTS", (lambda host_app, version: dict(says),))
    return says


def settle(world: World) -> None:
    with publishing(world.host_app) as publication:
        settling.settle_program(publication, world.program)


def verified(world: World, entry: dict[str, Any], **changes: Any) -> bool:
    statement = {
        "host_app": world.host_app.app_key,
        "program": world.program.program_id,
        "version_code": entry["version"]["code"],
        "terms": entry["terms"],
    }
    pem = public_keys(world.workspace).get(kid=entry["terms_signature"]["kid"]).public_pem
    return signing.verify(pem, canonical_json(statement | changes), entry["terms_signature"]["value"])


def test_two_subjects_never_say_the_same_member():
    assert terms_of({"privacy": {"version": 1}}, {"parts": []}) == NONE | {"privacy": {"version": 1}, "parts": []}
    assert terms_of({}, {"capabilities": ["scan"]})["capabilities"] == ["scan"]
    with pytest.raises(ValueError, match="privacy"):
        terms_of({"privacy": {"version": 1}}, {"privacy": {"version": 2}})


def test_no_file_table_is_read_while_others_wait_for_the_lock(world):
    """One has a line for each file of a package, and a mini-program has many approved versions."""
    world.release("1.0.0")
    gray = world.release("1.1.0", share=20)
    with CaptureQueriesContext(connection) as asked:
        services.publish_agreement(
            actor=system(world.workspace), program=world.program, text={"en": "We keep your tickets."}, url={}
        )
        world.complete(gray)
    read = [each["sql"] for each in asked if '"miniapps_version"."code"' in each["sql"]]
    assert read
    assert [sql for sql in read if '"miniapps_version"."files"' in sql] == []


def test_a_version_of_which_nothing_is_said_has_no_terms(world, said):
    world.release("1.0.0")
    (entry,) = world.part()["releases"]
    assert "terms" not in entry
    assert "terms_signature" not in entry


def test_terms_are_signed_for_this_host_app_program_and_version(world, said):
    said["capabilities"] = ["scan"]
    world.release("1.0.0")  # approval settles them
    (entry,) = world.part()["releases"]
    assert entry["terms"] == {"serial": 1, **NONE, "capabilities": ["scan"]}
    assert verified(world, entry)
    assert not verified(world, entry, host_app="fa_other")
    assert not verified(world, entry, program="other")
    assert not verified(world, entry, version_code=entry["version"]["code"] + 1)
    assert not verified(world, entry, terms={**entry["terms"], "serial": 2})


def test_the_serial_grows_with_every_change_and_only_then(world, said):
    said["capabilities"] = ["scan"]
    world.release("1.0.0")
    settle(world)
    assert world.part()["releases"][0]["terms"]["serial"] == 1
    said["capabilities"] = []
    settle(world)
    (entry,) = world.part()["releases"]
    assert entry["terms"] == {"serial": 2, **NONE}  # taken back is said, not left out
    assert verified(world, entry)


def test_terms_survive_the_key_that_signed_them(world, said):
    said["capabilities"] = ["scan"]
    world.release("1.0.0")
    before = world.part()["releases"][0]
    signing.revoke_key(actor=system(world.workspace), kid=before["terms_signature"]["kid"])
    after = world.part()["releases"][0]
    assert after["terms"] == before["terms"]
    assert after["terms_signature"]["kid"] != before["terms_signature"]["kid"]
    assert verified(world, after)


def test_each_host_app_has_terms_of_its_own(world, said):
    other = world.host("Kiosk")
    said["capabilities"] = ["scan"]
    version = world.version("1.0.0")
    world.release("1.0.0")
    said["capabilities"] = ["scan", "camera"]
    world.approve(version, other)
    assert world.part()["releases"][0]["terms"]["capabilities"] == ["scan"]
