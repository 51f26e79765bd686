"""Registration, and who uses a device."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys
from ferry.journal.errors import JournalUnavailable
from tests.edge.published import (
    APP_ID,
    APP_KEY,
    DEVICE_SECRET,
    NOW,
    SERVER_KEY,
    USER_SECRET,
    Caller,
    Clock,
    Notes,
    Published,
    app_body,
)

KEYS = DeviceKeys(DEVICE_SECRET, APP_KEY)


def user_token(**changes: Any) -> str:
    key, headers = changes.pop("key", USER_SECRET), changes.pop("headers", {"kid": "h1"})
    claims = {"sub": "ann", "aud": APP_KEY, "iat": int(NOW), "exp": int(NOW) + 300} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=changes.pop("alg", headers.get("alg", "HS256")), headers=headers)


@pytest.fixture(autouse=True)
def _polled(client: SnapshotClient) -> None:
    client.poll()


def register(call: Caller, **changes: Any) -> Any:
    return call("POST", "/v1/devices", json={"message_id": "message-1", "platform": "android"} | changes)


class TestRegistration:
    """POST /v1/devices."""

    def test_a_device_gets_an_id_and_a_token(self, call: Caller, notes: Notes) -> None:
        answer = register(call, host_version="6.3.0", user="ann", consent={"analytics": True, "at": 5})
        assert answer.status_code == 200
        device = answer.json()["device"]["id"]
        token = KEYS.read(answer.json()["token"].encode())
        assert token is not None
        assert (token.device_id, token.user, token.consented) == (device, None, True)
        kind, record = notes.appended[0]
        assert kind == "device"
        assert record == {
            "message_id": "message-1",
            "host_app": APP_ID,
            "device": device,
            "at": int(NOW * 1000),
            "seq": 1,
            "platform": "android",
            "os": "",
            "model": "",
            "host_version": "6.3.0",
            "network": "",
            "locale": "",
            "user": "ann",
            "consent": {"analytics": True, "marketing": False, "profiling": False, "policy_version": "", "at": 5},
        }

    def test_the_same_message_is_the_same_device(self, call: Caller) -> None:
        one, again, other = register(call), register(call), register(call, message_id="message-2")
        assert one.json()["device"] == again.json()["device"] != other.json()["device"]

    def test_nothing_is_acknowledged_that_is_not_durable(self, call: Caller, notes: Notes) -> None:
        notes.refusal = JournalUnavailable(reason="write_failed", retry_after=1)
        answer = register(call)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert "token" not in answer.text

    def test_without_required_consent_nothing_is_stored(
        self, published: Published, client: SnapshotClient, call: Caller, notes: Notes
    ) -> None:
        published.app, published.version = app_body(consent="required"), 2
        client.poll()
        assert register(call).json()["stored"] is False
        assert notes.appended == []
        assert register(call, consent={"analytics": True}).json()["stored"] is True
        assert len(notes.appended) == 1

    def test_a_consent_that_is_taken_back_is_told_and_nothing_else(
        self, published: Published, client: SnapshotClient, call: Caller, notes: Notes
    ) -> None:
        published.app, published.version = app_body(consent="required"), 2
        client.poll()
        answer = register(call, user="ann", host_version="6.3.0", consent={"analytics": False})
        assert answer.json()["stored"] is False
        record = notes.appended[0][1]
        assert set(record) == {"message_id", "host_app", "device", "at", "seq", "consent"}
        assert record["consent"]["analytics"] is False

    def test_a_device_that_changes_its_mind_stays_who_it_is(self, call: Caller, notes: Notes) -> None:
        first = register(call, consent={"analytics": True}).json()
        bound = call(
            "POST",
            "/v1/devices/bind",
            authorization=f"Device {first['token']}",
            json={"message_id": "message-2", "user_token": user_token()},
        ).json()
        body = {"message_id": "message-3", "platform": "android", "consent": {"analytics": False}}
        second = call("POST", "/v1/devices", authorization=f"Device {bound['token']}", json=body).json()
        assert second["device"] == first["device"]
        token = KEYS.read(second["token"].encode())
        assert token is not None
        assert (token.user, token.consented) == ("ann", False)
        reports = [record for kind, record in notes.appended if kind == "device"]
        said = [(report["message_id"], report["device"], report["consent"]["analytics"]) for report in reports]
        # two message ids, so that the loader does not take the second for a repetition
        device = first["device"]["id"]
        assert said == [("message-1", device, True), ("message-3", device, False)]

    def test_a_token_that_is_not_ours_registers_nothing(self, call: Caller, notes: Notes) -> None:
        body = {"message_id": "message-1", "platform": "android"}
        assert call("POST", "/v1/devices", authorization="Device forged.token", json=body).status_code == 401
        assert notes.appended == []

    @pytest.mark.parametrize("wrong", [{"message_id": "x"}, {"platform": "dos"}, {"os": "x" * 65}, {"user": 5}])
    def test_a_wrong_field(self, call: Caller, notes: Notes, wrong: dict[str, Any]) -> None:
        assert register(call, **wrong).status_code == 400
        assert notes.appended == []


class TestBinding:
    """POST /v1/devices/bind and /unbind."""

    @pytest.fixture
    def device(self, call: Caller, notes: Notes) -> str:
        """The Authorization header of a registered device."""
        token = register(call).json()["token"]
        notes.appended.clear()
        return f"Device {token}"

    def bind(self, call: Caller, device: str, token: str) -> Any:
        body = {"message_id": "message-9", "user_token": token}
        return call("POST", "/v1/devices/bind", json=body, authorization=device)

    def test_a_user_token_binds_its_user(self, call: Caller, notes: Notes, device: str) -> None:
        answer = self.bind(call, device, user_token())
        assert answer.status_code == 200
        token = KEYS.read(answer.json()["token"].encode())
        assert token is not None
        assert token.user == "ann"
        kind, record = notes.appended[0]
        assert kind == "bind"
        assert {name: record[name] for name in ("message_id", "user", "by")} == {
            "message_id": "message-9",
            "user": "ann",
            "by": "user_token",
        }

    def test_unbinding_forgets_the_user(self, call: Caller, notes: Notes, device: str) -> None:
        bound = "Device " + self.bind(call, device, user_token()).json()["token"]
        body = {"message_id": "message-10"}
        answer = call("POST", "/v1/devices/unbind", json=body, authorization=bound)
        token = KEYS.read(answer.json()["token"].encode())
        assert token is not None
        assert token.user is None
        assert [kind for kind, _ in notes.appended] == ["bind", "unbind"]
        assert notes.appended[1][1]["user"] == "ann"

    @pytest.mark.parametrize(
        "token",
        [
            pytest.param(user_token(exp=int(NOW) + 601), id="lives longer than ten minutes"),
            pytest.param(user_token(iat=int(NOW) - 400, exp=int(NOW) - 31), id="expired"),
            pytest.param(user_token(iat=int(NOW) + 60), id="not yet issued"),
            pytest.param(user_token(aud="fa_other"), id="for another app"),
            pytest.param(user_token(aud=[APP_KEY]), id="audience is a list"),
            pytest.param(user_token(sub=None), id="no subject"),
            pytest.param(user_token(sub=""), id="empty subject"),
            pytest.param(user_token(exp=None), id="no end"),
            pytest.param(user_token(key=b"x" * 32), id="another key"),
            pytest.param(user_token(headers={"kid": "h2"}), id="unknown kid"),
            pytest.param(user_token(headers={}), id="no kid"),
            pytest.param(user_token(key=b"u" * 64, headers={"kid": "h1", "alg": "HS512"}), id="another algorithm"),
            pytest.param(user_token(key="", headers={"kid": "h1", "alg": "none"}), id="no signature"),
            "",
            "a.b.c",
            "ø.ø.ø",
        ],
    )
    def test_any_other_token_is_refused(self, call: Caller, notes: Notes, device: str, token: str) -> None:
        answer = self.bind(call, device, token)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "user_token_invalid"
        assert notes.appended == []

    @pytest.mark.parametrize("alg", ["ES256", "RS256"])
    def test_keys_of_the_companys_own_making(
        self, published: Published, client: SnapshotClient, call: Caller, device: str, alg: str
    ) -> None:
        made: Any = ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else rsa.generate_private_key(65537, 2048)
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = made.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
        published.app["user_token_keys"] = [{"kid": "k", "alg": alg, "sealed": None, "pem": pem}]
        published.version += 1
        client.poll()
        good = user_token(key=made, headers={"kid": "k", "alg": alg})
        posing = user_token(key=b"p" * 32, headers={"kid": "k", "alg": "HS256"})
        assert self.bind(call, device, good).status_code == 200
        assert self.bind(call, device, posing).status_code == 401

    def test_it_needs_a_device(self, call: Caller) -> None:
        answer = call("POST", "/v1/devices/bind", json={"message_id": "message-9", "user_token": user_token()})
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "device_token_missing"

    def test_the_companys_server_binds_by_its_key(self, call: Caller, notes: Notes) -> None:
        body = {"message_id": "message-9", "device": "d1", "user": "bob"}
        answer = call("POST", "/v1/devices/bind", json=body, authorization=f"Server {SERVER_KEY}")
        assert answer.status_code == 200
        assert (notes.appended[0][1]["user"], notes.appended[0][1]["by"]) == ("bob", "server")

    @pytest.mark.parametrize("key", ["Server wrong", "Server ", "Server " + "x" * 5000])
    def test_a_wrong_server_key(self, call: Caller, notes: Notes, key: str) -> None:
        body = {"message_id": "message-9", "device": "d1", "user": "bob"}
        answer = call("POST", "/v1/devices/bind", json=body, authorization=key)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "server_key_invalid"
        assert notes.appended == []

    def test_a_server_that_names_nobody(self, call: Caller) -> None:
        body = {"message_id": "message-9", "device": "d1"}
        answer = call("POST", "/v1/devices/bind", json=body, authorization=f"Server {SERVER_KEY}")
        assert answer.status_code == 400


def test_reports_of_one_process_are_numbered(call: Caller, notes: Notes, clock: Clock) -> None:
    register(call)
    clock.now += 1
    register(call, message_id="message-2")
    assert [record["seq"] for _, record in notes.appended] == [1, 2]
    assert notes.appended[1][1]["at"] == notes.appended[0][1]["at"] + 1000
