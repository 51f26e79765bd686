"""Bundles and exports over HTTP: deleted once, never made again by a repeat."""

from __future__ import annotations

import pytest

from ferry.kernel.identity.rights import Role
from tests.miniapps.test_miniapps_api import Caller
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(db: None) -> World:
    return World.make(devices=10)


def test_a_bundle_can_be_deleted_once_by_who_may_release(small):
    small.release("1.0.0")
    operator, developer = Caller(small, Role.OPERATOR), Caller(small, Role.DEVELOPER)
    bundles = f"/host-apps/{small.host_app.pk}/preset-bundles"
    path = f"/archives/{operator.post(bundles).json()['id']}"
    answers = [caller.send("DELETE", path, b"", "").status_code for caller in (developer, operator, operator)]
    assert answers == [403, 204, 404]
    assert (operator.get(path).status_code, operator.get(f"{path}/file").status_code) == (404, 404)
    assert operator.get(bundles).json()["items"] == []


def test_a_repeat_after_the_deletion_gets_the_first_answer_and_makes_nothing(small):
    small.release("1.0.0")
    operator, bundles = Caller(small, Role.OPERATOR), f"/host-apps/{small.host_app.pk}/preset-bundles"
    first = operator.post(bundles, key="once").json()["id"]
    operator.send("DELETE", f"/archives/{first}", b"", "")
    again = operator.post(bundles, key="once")
    assert (again.status_code, again.json()["id"]) == (201, first)
    assert operator.get(bundles).json()["items"] == []


def test_a_recipient_is_an_id_and_not_only_as_long_as_one(small):
    operator, version = Caller(small, Role.OPERATOR), small.version("1.0.0")
    assert operator.post(f"/versions/{version.pk}/exports", {"recipient": "é" * 26}).status_code == 400
