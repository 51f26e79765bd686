"""The account with Apple by hand: added from a file, tried, replaced, removed, and its key shown nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity.rights import Role
from push.engines.apns.accounts import account
from push.models import ChannelSetting, Message
from tests.console.desk import Desk
from tests.push.apple import apple, new_key

FIELDS = {"team_id": "TEAM123456", "key_id": "KEY1234567", "topic": "com.example.ferry", "environment": "sandbox"}


def p8(pem: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("AuthKey.p8", pem.encode(), "application/octet-stream")


def text(answer: Any) -> str:
    return answer.content.decode()


@pytest.fixture
def pem() -> str:
    return new_key()[1]


@pytest.fixture
def admin(desk: Desk) -> Client:
    return desk.admin


def at(desk: Desk, name: str) -> str:
    return desk.url(name, desk.world.host_app.pk)


def add(desk: Desk, client: Client, pem: str = "", **fields: str):
    more = {"key": p8(pem)} if pem else {}
    return client.post(at(desk, "apns-set"), {**FIELDS, **fields, **more})


def test_an_account_is_added_changed_and_removed_and_its_key_never_shown(desk: Desk, admin: Client, pem: str):
    assert "No account" in text(admin.get(at(desk, "channels")))
    assert add(desk, admin).status_code == 400, "the first time the key is needed"
    assert add(desk, admin, pem).status_code == 302
    page = text(admin.get(at(desk, "channels")))
    assert "TEAM123456" in page
    secret = pem.splitlines()[1]
    assert secret not in page
    sealed = ChannelSetting.objects.of(desk.workspace).get().sealed
    assert secret not in sealed

    add(desk, admin, environment="production")
    found = account(desk.workspace.pk, desk.world.host_app.pk)
    assert found is not None
    assert (found.environment, found.sealed) == ("production", sealed), "without a file the key stays"
    add(desk, admin, new_key()[1])
    assert ChannelSetting.objects.of(desk.workspace).get().sealed != sealed

    assert "is removed" in text(admin.post(at(desk, "apns-remove"), follow=True))
    assert account(desk.workspace.pk, desk.world.host_app.pk) is None
    entries = [entry.action for entry in audit.entries(desk.workspace) if entry.action.startswith("push.channel")]
    assert entries == ["push.channel_removed", *["push.channel_set"] * 3]


@pytest.mark.parametrize(
    ("fields", "file", "sentence"),
    [
        ({"team_id": "short"}, "", "ten characters"),
        ({"topic": "no bundle"}, "", "bundle id, such as"),
        ({}, "-----BEGIN nothing", "not the content of a .p8 file"),
        ({}, "x" * 5000, "too large"),
        ({"environment": "moon"}, "", "Select a valid choice"),
    ],
)
def test_what_is_no_account_is_refused_in_words(desk: Desk, admin: Client, pem: str, fields, file, sentence):
    refused = add(desk, admin, file or pem, **fields)
    assert (refused.status_code, sentence in text(refused)) == (400, True)
    assert account(desk.workspace.pk, desk.world.host_app.pk) is None


def test_apple_is_asked_whether_it_takes_the_account(
    desk: Desk, admin: Client, pem: str, tmp_path: Path, settings: Settings
):
    add(desk, admin, pem)
    answers = {"0000": {"status": 400, "reason": "BadDeviceToken"}}
    with apple(tmp_path, answers) as server:
        settings.FERRY_APNS_URL = server.url
        assert "Apple takes this account" in text(admin.post(at(desk, "apns-try"), follow=True))
        [asked] = server.seen()
    assert asked["token"] == "0" * 64
    assert asked["headers"]["apns-topic"] == "com.example.ferry"

    wrong = tmp_path / "wrong"
    wrong.mkdir()
    with apple(wrong, {"0000": {"status": 403, "reason": "InvalidProviderToken"}}) as server:
        settings.FERRY_APNS_URL = server.url
        page = text(admin.post(at(desk, "apns-try"), follow=True))
    assert "APNs: 403 InvalidProviderToken. Check the key, its id and the team." in page
    page = text(admin.post(at(desk, "apns-try"), follow=True))  # nobody listens there any more
    assert "APNs cannot be reached" in page


def test_the_last_complaint_is_shown(desk: Desk, admin: Client, pem: str):
    add(desk, admin, pem)
    desk.registered()
    desk.campaign(sent=True)
    Message.objects.of(desk.workspace).update(problem="APNs: 403 InvalidProviderToken")
    page = text(admin.get(at(desk, "channels")))
    assert "Last complaint of APNs" in page
    assert "403 InvalidProviderToken" in page


def test_who_may_not_and_who_is_elsewhere(desk: Desk, admin: Client, pem: str):
    operator = desk.as_(Role.OPERATOR)
    assert add(desk, operator, pem).status_code == 403
    add(desk, admin, pem)
    page = text(operator.get(at(desk, "channels")))
    assert "TEAM123456" in page
    assert "Ask Apple" not in page
    assert operator.post(at(desk, "apns-try")).status_code == 403
    assert operator.post(at(desk, "apns-remove")).status_code == 403
    other = Desk.make("Elsewhere")
    there = desk.world.host_app.pk
    assert other.admin.get(other.url("channels", there)).status_code == 404
    for name in ("apns-set", "apns-try", "apns-remove"):
        assert (name, other.admin.post(other.url(name, there), FIELDS).status_code) == (name, 404)
    assert other.admin.post(at(other, "apns-try")).status_code == 404, "nothing to try where no account is"
