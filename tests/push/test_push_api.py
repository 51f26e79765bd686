"""Through the door: a campaign and a message over the management API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from push import selectors, services
from tests.push.apple import apple, new_key
from tests.push.world import Harbour

pytestmark = pytest.mark.django_db


class Caller:
    """Somebody with a token."""

    def __init__(self, harbour: Harbour, role: str) -> None:
        made = identity.create_token(actor=system(harbour.workspace), name=role, roles=[role], days=1)
        self.headers = {"Authorization": f"Bearer {made.plain}"}

    def __call__(self, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        answer = Client().generic(
            method, f"/api/v1/{path}", __import__("json").dumps(body or {}), "application/json", headers=headers
        )
        assert answer.status_code < 500, answer.content
        answer.body = answer.json() if answer.content else None
        return answer


@pytest.fixture
def operator(harbour):
    return Caller(harbour, "operator")


@pytest.fixture
def admin(harbour):
    return Caller(harbour, "admin")


def test_the_life_of_a_campaign(harbour, vendor, operator, admin):
    harbour.devices(30)
    admin("PATCH", "push/settings", {"approval_above": 20})
    template = operator("POST", "push/templates", {"name": "Back", "title": "Hi {{who}}", "body": "At nine."}).body
    made = operator(
        "POST",
        "campaigns",
        {
            "host_app": harbour.app.pk,
            "name": "Back",
            "template": template["id"],
            "values": {"who": "you"},
            "audience": {"kind": "everyone"},
            "holdout_share": 2000,
            "quiet_hours": None,
        },
    )
    assert made.status_code == 201
    path = made.headers["Location"].removeprefix("/api/v1/")
    shown = operator("GET", f"{path}/preview").body
    assert shown["targeted"] == {"people": 30, "devices": 30}
    assert shown["needs_approval"]
    assert shown["sent"]["devices"] + shown["excluded"]["held_out"]["devices"] == 30
    assert shown["channels"] == {"apns": shown["sent"]}
    assert operator("POST", f"{path}/schedule").body["error"]["code"] == "approval_needed"
    assert operator("POST", f"{path}/submit").body["state"] == "pending_approval"
    assert operator("POST", f"{path}/approve", {"revision": 1}).status_code == 403
    assert admin("POST", f"{path}/approve", {"revision": 1}).body["state"] == "approved"
    assert operator("POST", f"{path}/schedule").body["state"] == "scheduled"
    services.start_due()
    services.deliver()
    assert vendor.outgoing[0].title == "Hi you"
    funnel = operator("GET", f"{path}/funnel").body
    assert funnel["sent"] == funnel["accepted"] == shown["sent"]["devices"]
    assert operator("GET", f"{path}/effect").body["treated"]["people"] == shown["sent"]["people"]
    assert operator("GET", "campaigns?state=sent").body["items"][0]["id"] == made.body["id"]
    run = operator("GET", f"messages?campaign={made.body['id']}").body["items"][0]
    ledger = operator("GET", f"messages/{run['id']}/deliveries?device=d00003").body["items"]
    assert [row["device"] for row in ledger] == ["d00003"]


def test_a_message_that_is_sent_again_under_its_key_goes_out_once(harbour, vendor, operator):
    harbour.devices(2)
    body = {
        "host_app": harbour.app.pk,
        "title": "Gate {{gate}}",
        "body": "Now.",
        "to": [{"user": "user-d00000", "values": {"gate": "4"}}],
    }
    first = operator("POST", "messages", body, key="k1")
    again = operator("POST", "messages", body, key="k1")
    assert (first.status_code, again.body["id"]) == (201, first.body["id"])
    assert operator("POST", "messages", {**body, "title": "x"}, key="k1").status_code == 409
    services.deliver()
    assert dict(vendor.sent) == {"d00000": 1}
    assert selectors.messages(harbour.workspace).count() == 1
    assert operator("GET", f"messages/{first.body['id']}").body["funnel"]["accepted"] == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("messages", {"title": "a", "body": "b", "to": []}, 400),
        ("messages", {"title": "a", "body": "b", "to": [{"user": "u", "values": []}]}, 400),
        ("messages", {"title": "{{", "body": "b", "to": [{"user": "u"}]}, 400),
        ("messages", {"title": "a", "to": [{"user": "u"}]}, 400),
        ("messages", {"template": "x", "title": "a", "body": "b", "to": [{"user": "u"}]}, 400),
        ("messages", {"title": "\u0000", "body": "b", "to": [{"user": "u"}]}, 400),
        ("campaigns", {"name": "n", "title": "a", "body": "b", "audience": {"kind": "users", "users": [1]}}, 400),
        (
            "campaigns",
            {"name": "n", "title": "a", "body": "b", "audience": {"kind": "users", "users": ["\u0000"]}},
            400,
        ),
        ("campaigns", {"name": "n", "title": "a", "body": "b", "audience": {"kind": "segment", "segment": {}}}, 400),
        ("campaigns", {"name": "n", "title": "a", "body": "b", "audience": {"kind": "band", "band": "\u0000"}}, 400),
    ],
)
def test_what_cannot_be_is_refused_in_words(harbour, operator, path, body, code):
    answer = operator("POST", path, {"host_app": harbour.app.pk, **body})
    assert answer.status_code == code, answer.content
    assert answer.body["error"]["message"]


def test_the_account_with_apple_is_tried_once_for_each_key(harbour: Harbour, tmp_path: Path, settings: Settings):
    admin, at = Caller(harbour, "admin"), f"host-apps/{harbour.app.pk}/push-channels/apns"
    assert admin("POST", f"{at}/test").status_code == 404, "there is no account yet"
    account = {"team_id": "TEAM123456", "key_id": "KEY1234567", "topic": "com.example.ferry", "key": new_key()[1]}
    shown = admin("PUT", at, account).body
    assert (shown["problem"], shown["problem_at"]) == ("", None)
    with apple(tmp_path, {"0000": {"status": 400, "reason": "BadDeviceToken"}}) as server:
        settings.FERRY_APNS_URL = server.url
        for _attempt in range(2):
            answer = admin("POST", f"{at}/test", key="one")
            assert (answer.status_code, answer.body) == (200, {"ok": True, "detail": ""})
        assert len(server.seen()) == 1
    assert Caller(harbour, "operator")("POST", f"{at}/test").status_code == 403
