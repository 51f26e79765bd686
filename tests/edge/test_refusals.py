"""What a wrong check-in is told, each in the one shape of errors."""

from __future__ import annotations

from typing import Any

import pytest

from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys, DeviceToken
from tests.edge.published import APP_KEY, Caller, Published, app_body, checkin_body
from tests.edge.test_checkin import token


class TestRefusals:
    """What a wrong request is told; each in the one shape of errors."""

    def refused(self, answer: Any, status: int, code: str) -> None:
        assert answer.status_code == status
        error = answer.json()["error"]
        assert error["code"] == code
        assert len(error["request_id"]) == 26
        assert set(error) == {"code", "message", "details", "request_id"}

    def test_an_unknown_app_key(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        self.refused(call("POST", "/v1/checkin", json=checkin_body(), x_app_key="fa_no"), 401, "app_key_unknown")

    def test_before_anything_was_read(self, call: Caller) -> None:
        answer = call("POST", "/v1/checkin", json=checkin_body())
        self.refused(answer, 503, "not_ready")
        assert answer.headers["retry-after"] == "1"

    def test_an_inactive_app(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        published.app = app_body(active=False)
        client.poll()
        self.refused(call("POST", "/v1/checkin", json=checkin_body()), 401, "app_key_unknown")

    def test_a_forged_device_token(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        forged = "Device " + DeviceKeys(b"x" * 32, APP_KEY).issue(DeviceToken("d1", 0))
        self.refused(
            call("POST", "/v1/checkin", json=checkin_body(), authorization=forged), 401, "device_token_invalid"
        )

    def test_the_token_of_another_device(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        answer = call("POST", "/v1/checkin", json=checkin_body(), authorization=token("d2"))
        self.refused(answer, 401, "device_token_invalid")

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b'{"device":{}}', b'{"device":{"id":"d","platform":"windows"}}', b"\xff", b"null"]
    )
    def test_a_wrong_body(self, client: SnapshotClient, call: Caller, body: bytes) -> None:
        client.poll()
        answer = call("POST", "/v1/checkin", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in ("invalid", "request_refused")

    def test_a_nul_character(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        self.refused(call("POST", "/v1/checkin", json=checkin_body(user="a\0b")), 400, "invalid")

    def test_a_body_that_is_too_large(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        answer = call("POST", "/v1/checkin", content=b" " * 65537)
        self.refused(answer, 413, "too_large")
        assert answer.headers["connection"] == "close"

    def test_a_compressed_body(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        self.refused(call("POST", "/v1/checkin", content=b"x", content_encoding="gzip"), 415, "encoding_not_supported")

    def test_another_method(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        answer = call("GET", "/v1/checkin")
        self.refused(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["allow"]

    def test_too_many_from_one_app(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        published.app = app_body(limits={"checkins_per_second": 0.001})
        client.poll()
        assert call("POST", "/v1/checkin", json=checkin_body()).status_code == 200
        answer = call("POST", "/v1/checkin", json=checkin_body())
        self.refused(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 1
