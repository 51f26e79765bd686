"""Devices, accounting and quarantine over the management API, as a client sees them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity import services as identity
from tests.journal.world import DAY, World


@pytest.fixture
def loaded(world: World) -> World:
    edge = world.edge()
    for number in range(5):
        edge.report("device", **world.device(f"d{number}"))
        edge.report("checkin", **world.checkin(f"d{number}", installed={"card": 3}, attributes={"vip": True}))
    edge.report("bind", **world.bind("d2", "vera"))
    edge.report("device", **world.device("odd", platform="x" * 99))
    world.load()
    return world


def get(world: World, path: str, roles: list[str] | None = None) -> tuple[int, Any]:
    made = identity.create_token(actor=world.actor, name="test", roles=roles or ["operator"])
    answer = Client().get(f"/api/v1/host-apps/{world.app.id}/{path}", headers={"Authorization": f"Bearer {made.plain}"})
    return answer.status_code, answer.json()


def test_devices_come_in_pages_newest_first(loaded: World):
    status, first = get(loaded, "devices?limit=3")
    assert status == 200
    status, second = get(loaded, f"devices?limit=3&cursor={first['next']}")
    seen = [item["device_id"] for item in first["items"] + second["items"]]
    assert sorted(seen) == [f"d{number}" for number in range(5)]
    assert second["next"] is None
    assert get(loaded, "devices?user=vera")[1]["items"][0]["device_id"] == "d2"
    assert get(loaded, "devices?user=%00")[0] == 400
    assert get(loaded, "devices?who=vera")[0] == 400


def test_a_device_shows_what_is_known_and_the_log_who_asked(loaded: World):
    status, device = get(loaded, "devices/d2")
    assert status == 200
    assert device["user"] == "vera"
    assert device["user_verified"] is True
    assert device["installed"] == {"card": 3}
    assert device["attributes"] == {"vip": "true"}
    assert audit.entries(loaded.workspace).filter(action="device.viewed", target_id="d2").count() == 1
    assert get(loaded, "devices/none")[0] == 404
    assert get(loaded, "devices/" + "x" * 500)[0] == 404


def test_the_account_balances_and_the_quarantine_says_why(loaded: World):
    status, account = get(loaded, f"accounting?day={DAY}")
    assert status == 200
    assert account["complete"] is True
    kinds = {kind["kind"]: kind for kind in account["kinds"]}
    assert kinds["device"] == {
        "kind": "device", "received": 6, "stored": 5, "duplicate": 0, "rejected": 1, "pending": 0,
    }  # fmt: skip
    status, refused = get(loaded, f"quarantine?day={DAY}")
    assert [item["reason"] for item in refused["items"]] == ["invalid"]
    assert get(loaded, "accounting?day=yesterday")[0] == 400


def test_a_role_without_the_right_sees_no_device(loaded: World):
    for path in ("devices", "devices/d2", "quarantine"):
        assert get(loaded, path, ["developer"])[0] == 403
    assert get(loaded, "accounting", ["developer"])[0] == 200
    assert get(loaded, "accounting", ["auditor"])[0] == 403


def test_another_workspaces_host_app_is_not_there(loaded: World):
    stranger = World(name="Elsewhere")
    stranger.app = loaded.app
    for path in ("devices", "devices/d2", "quarantine", "accounting"):
        assert get(stranger, path)[0] == 404
