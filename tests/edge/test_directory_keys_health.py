"""The smaller doors: directory, public keys, freshness, health, CORS, and paths that lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from ferry.edge.snapshot.client import SnapshotClient
from tests.edge.published import APP_KEY, Caller, Clock, Published, checkin_body, program_body, release_body


class TestDirectory:
    """GET /v1/miniapps."""

    @pytest.fixture(autouse=True)
    def _programs(self, published: Published, client: SnapshotClient) -> None:
        ios = {"contextName": "platform", "operator": "IN", "values": ["ios"]}
        published.program(program_body("news", release_body(1), order=2, category="read", icons={"48": "a" * 64}))
        published.program(program_body("card", release_body(1), order=1))
        published.program(program_body("apple", release_body(1, rule={"any": [{"constraints": [ios]}]})))
        published.program(program_body("gone", release_body(1), withdrawn={"message": "Gone."}))
        published.program(program_body("draft"))
        client.poll()

    def test_what_this_device_may_see_in_order(self, call: Caller) -> None:
        answer = call("GET", "/v1/miniapps?platform=android&host_version=6.3.0")
        assert [each["id"] for each in answer.json()["miniapps"]] == ["card", "news"]
        assert answer.json()["miniapps"][1] == {
            "id": "news",
            "name": "News",
            "description": "",
            "category": "read",
            "order": 2,
            "icons": {"48": f"https://edge.test/icons/{'a' * 64}.png"},
        }

    def test_another_device_sees_another_one(self, call: Caller) -> None:
        answer = call("GET", "/v1/miniapps/?platform=ios")
        assert [each["id"] for each in answer.json()["miniapps"]] == ["apple", "card", "news"]

    def test_what_has_not_changed_is_not_sent_again(
        self, published: Published, client: SnapshotClient, call: Caller
    ) -> None:
        etag = call("GET", "/v1/miniapps?platform=android").headers["etag"]
        again = call("GET", "/v1/miniapps?platform=android", if_none_match=etag)
        assert (again.status_code, again.content) == (304, b"")
        assert call("GET", "/v1/miniapps?platform=ios", if_none_match=etag).status_code == 200
        published.program(program_body("new", release_body(1)))
        client.poll()
        assert call("GET", "/v1/miniapps?platform=android", if_none_match=etag).status_code == 200

    def test_caches_keep_apps_and_origins_apart(self, call: Caller) -> None:
        vary = call("GET", "/v1/miniapps?platform=ios", origin="https://shop.example").headers["vary"]
        assert {each.strip() for each in vary.split(",")} == {"X-App-Key", "Authorization", "Origin"}

    @pytest.mark.parametrize("query", ["", "platform=dos", "platform=ios&os=" + "x" * 65, "platform=ios&os=%ff"])
    def test_a_device_that_cannot_be_understood(self, call: Caller, query: str) -> None:
        assert call("GET", f"/v1/miniapps?{query}").status_code == 400


class TestKeysAndFreshness:
    """GET /keys/{kid} and /v1/freshness/{host_app}."""

    def test_a_public_key(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        key = {"kid": "k1", "alg": "ES256", "purpose": "package", "pem": "-----BEGIN PUBLIC KEY-----"}
        published.others["keys:"] = {"keys": [key]}
        client.poll()
        assert call("GET", "/keys/k1").json() == key
        assert call("GET", "/keys/k2").status_code == 404

    def test_a_renewed_statement_leaves_answers_alone(
        self, published: Published, client: SnapshotClient, call: Caller
    ) -> None:
        published.freshness = {"statement": {"version": 1}, "signature": {"value": "a"}}
        client.poll()
        state = call("POST", "/v1/checkin", json=checkin_body()).json()["state"]
        assert call("GET", f"/v1/freshness/{APP_KEY}").json() == published.freshness
        published.freshness = {"statement": {"version": 1}, "signature": {"value": "b"}}
        client.poll()
        assert call("GET", f"/v1/freshness/{APP_KEY}").json()["signature"] == {"value": "b"}
        assert call("POST", "/v1/checkin", json=checkin_body(state=state)).json()["unchanged"]

    def test_before_there_is_one(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        assert call("GET", f"/v1/freshness/{APP_KEY}").status_code == 404


class TestHealth:
    """GET /healthz."""

    def test_starting(self, call: Caller) -> None:
        answer = call("GET", "/healthz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "starting"

    def test_up_to_date(self, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        said = call("GET", "/healthz").json()
        assert said["status"] == "ok"
        assert said["snapshot"]["source"] == "database"
        assert said["snapshot"]["versions"] == {"1": 1}
        assert said["snapshot"]["age_s"] < 5

    def test_old_but_answering(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        client.poll()
        client.snapshots.checked_at -= 60
        published.away = True
        client.poll()
        answer = call("GET", "/healthz")
        assert answer.status_code == 200
        assert answer.json()["status"] == "stale"
        assert answer.json()["snapshot"]["age_s"] >= 60
        assert answer.json()["snapshot"]["error"] == "ConnectionError"


class TestCors:
    """Web hosts may call from the origins of their app and from nowhere else."""

    @pytest.fixture(autouse=True)
    def _polled(self, client: SnapshotClient) -> None:
        client.poll()

    def preflight(self, call: Caller, origin: str) -> Any:
        return call("OPTIONS", "/v1/checkin", origin=origin, access_control_request_method="POST")

    def test_a_known_origin(self, call: Caller) -> None:
        answer = self.preflight(call, "https://shop.example")
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert "x-app-key" in answer.headers["access-control-allow-headers"]
        for method, path in (("POST", "/v1/checkin"), ("GET", "/v1/miniapps?platform=web"), ("GET", "/keys/x")):
            answer = call(method, path, origin="https://shop.example")
            assert answer.headers["access-control-allow-origin"] == "https://shop.example", path
            assert "Origin" in answer.headers["vary"]
            assert "access-control-allow-credentials" not in answer.headers

    def test_any_other(self, call: Caller) -> None:
        for origin in ("https://evil.example", "null", "https://shop.example.evil.example"):
            assert "access-control-allow-origin" not in self.preflight(call, origin).headers
            assert "access-control-allow-origin" not in call("POST", "/v1/checkin", origin=origin).headers


class TestNowhere:
    """Paths and methods that do not exist answer in the one shape."""

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/", 404, "not_found"),
            ("GET", "/v1/nothing", 404, "not_found"),
            ("POST", "/admin/", 404, "not_found"),
            ("DELETE", "/healthz", 405, "method_not_allowed"),
            ("GET", "/v1/devices", 405, "method_not_allowed"),
            ("BREW", "/healthz", 400, "request_refused"),
        ],
    )
    def test_shape(self, call: Caller, method: str, path: str, status: int, code: str) -> None:
        answer = call(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_limits_tell_when_to_come_again(client: SnapshotClient, call: Caller, clock: Clock) -> None:
    client.poll()
    call.app.limits._addresses.rate_per_s, call.app.limits._addresses.burst = 0.01, 1
    call.app.limits.divide(1)
    body = {"message_id": "message-1", "platform": "ios"}
    assert call("POST", "/v1/devices", json=body).status_code == 200
    answer = call("POST", "/v1/devices", json=body)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 100
