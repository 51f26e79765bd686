"""What a Segment SDK meets at the edge."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import httpx
import pytest

from analytics.events import wire
from ferry.edge.errors import NotReady
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys, DeviceToken
from ferry.journal.errors import JournalOverloaded, JournalUnavailable
from ferry.kernel.limits import Limiter
from tests.analytics.events.sending import kept
from tests.edge.published import APP_ID, APP_KEY, DEVICE_SECRET, NOW, Caller, Notes, Published, app_body

BASIC = "Basic " + base64.b64encode(f"{APP_KEY}:".encode()).decode()


@pytest.fixture(autouse=True)
def _polled(client: SnapshotClient) -> None:
    client.poll()


def event(**more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Tapped", "userId": "ann", "messageId": "m1"} | more


def post(
    call: Caller, *events: Any, path: str = "/v1/batch", body: bytes | None = None, **headers: str
) -> httpx.Response:
    content = json.dumps({"batch": list(events)}).encode() if body is None else body
    return call("POST", path, content=content, **headers)


def test_a_batch_is_one_record_and_answered_after_it(call: Caller, notes: Notes) -> None:
    answer = post(call, event(), event(messageId="m2"))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    ((kind, record),) = notes.appended
    assert kind == "events"
    assert (record["host_app"], record["at"], record["n"]) == (APP_ID, int(NOW * 1000), 2)
    assert [row.message_id for row in kept(record)] == ["m1", "m2"]


@pytest.mark.parametrize(
    "how",
    [
        {"x_app_key": "", "authorization": BASIC},
        {"x_app_key": "", "body": json.dumps({"batch": [event()], "writeKey": APP_KEY}).encode()},
        {"x_app_key": APP_KEY},
        {"path": "/v1/batch/"},
    ],
)
def test_the_write_key_may_come_in_three_ways(call: Caller, notes: Notes, how: dict[str, Any]) -> None:
    assert post(call, event(), **how).status_code == 200
    assert len(notes.appended) == 1


@pytest.mark.parametrize(
    "authorization", ["", "Basic ???", "Basic " + base64.b64encode(b"wrong:").decode(), "Bearer x"]
)
def test_without_a_known_key_nothing_is_taken(call: Caller, notes: Notes, authorization: str) -> None:
    answer = post(call, event(), x_app_key="", authorization=authorization)
    assert answer.status_code == 401
    assert notes.appended == []


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_single_calls(call: Caller, notes: Notes, kind: str) -> None:
    body = {"userId": "ann", "event": "Tapped", "writeKey": APP_KEY, "previousId": "b", "groupId": "g", "type": "lie"}
    answer = post(call, path=f"/v1/{kind}", body=json.dumps(body).encode(), x_app_key="")
    assert answer.status_code == 200
    assert kept(notes.appended[0][1])[0].type == kind


def test_gzip(call: Caller, notes: Notes) -> None:
    body = json.dumps({"batch": [event()] * 50}).encode()
    assert post(call, body=gzip.compress(body, mtime=0), content_encoding="gzip").status_code == 200
    assert len(kept(notes.appended[0][1])) == 50


@pytest.mark.parametrize(
    ("packed", "encoding", "status"),
    [
        (gzip.compress(b" " * 200_000_000, 9, mtime=0)[: wire.MAX_BODY_BYTES], "gzip", 413),
        (gzip.compress(b" " * (wire.MAX_BODY_BYTES + 1), mtime=0), "gzip", 413),
        (b"no gzip", "gzip", 400),
        (gzip.compress(b'{"batch":[]}', mtime=0)[:-9], "gzip", 400),
        (b"{}", "br", 415),
    ],
)
def test_what_cannot_be_inflated(call: Caller, notes: Notes, packed: bytes, encoding: str, status: int) -> None:
    assert post(call, body=packed, content_encoding=encoding).status_code == status
    assert notes.appended == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b'{"batch":' + b"[" * 100_000, 400),
        (b'{"batch":[' + b'{"a":' * 50_000, 400),
        (b'{"batch":[],"x":"' + b"x" * 600_000 + b'"}', 413),
        (b"\xff", 400),
    ],
)
def test_what_is_no_batch(call: Caller, notes: Notes, body: bytes, status: int) -> None:
    assert post(call, body=body).status_code == status
    assert notes.appended == []


def test_a_wrong_event_is_named_in_the_answer_and_the_others_are_stored(call: Caller, notes: Notes) -> None:
    answer = post(call, event(), event(messageId="m2", event=""), event(timestamp="1999-01-01T00:00:00Z"), 5)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["stored"], told["rejected_count"]) == (1, 3)
    assert [(each["index"], each["message_id"], each["code"]) for each in told["rejected"]] == [
        (1, "m2", "no_name"),
        (2, "m1", "clock_behind"),
        (3, "", "wrong_type"),
    ]
    assert all(each["message"] for each in told["rejected"])
    record = notes.appended[0][1]
    assert record["n"] == 4, "what is refused is counted and kept too"
    assert [each["reason"] for each in record["refused"]] == ["no_name", "clock_behind", "wrong_type"]


@pytest.mark.parametrize(
    "refusal",
    [JournalOverloaded(retry_after=1), JournalUnavailable(reason="disk_low", retry_after=1), NotReady(retry_after=1)],
)
def test_overload_is_503_and_says_when_to_come_again(call: Caller, notes: Notes, refusal: Exception) -> None:
    """SDKs keep the batch on 429 and 5xx and drop it on any other 4xx."""
    notes.refusal = refusal
    answer = post(call, event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_too_often_is_429(call: Caller, notes: Notes) -> None:
    answers = [post(call, event(), x_forwarded_for="") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    edge = call.app
    edge.limits._addresses = Limiter(0.4, 1)
    assert post(call, event()).status_code == 200
    answer = post(call, event())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


class TestConsent:
    """A host app that stores nothing without consent."""

    @pytest.fixture(autouse=True)
    def _required(self, published: Published, client: SnapshotClient) -> None:
        published.app, published.version = app_body(consent="required"), 2
        client.poll()

    def token(self, *, consented: bool) -> str:
        keys = DeviceKeys(DEVICE_SECRET, APP_KEY)
        return "Device " + keys.issue(DeviceToken("d1", 1, "ann", consented))

    def test_nothing_of_an_event_without_consent_reaches_the_disk(self, call: Caller, notes: Notes) -> None:
        yes = {"consent": {"analytics": True, "profiling": True}}
        answer = post(call, event(event="secret"), event(context=yes))
        assert answer.json()["rejected"][0]["code"] == "no_consent"
        ((_, record),) = notes.appended
        assert "secret" not in json.dumps(record)
        assert record["refused"] == [{"reason": "no_consent"}]
        assert kept(record)[0].profiling is True

    def test_a_device_token_carries_consent_device_and_user(self, call: Caller, notes: Notes) -> None:
        body = event()
        del body["userId"]
        post(call, body, authorization=self.token(consented=True))
        (row,) = kept(notes.appended[0][1])
        assert (row.device_id, row.user_id) == ("d1", "ann")
        refused = post(call, event(), authorization=self.token(consented=False)).json()
        assert refused["rejected"][0]["code"] == "no_consent"
        assert post(call, event(), authorization="Device forged.token").status_code == 401

    def test_what_a_device_says_of_consent_is_kept_with_the_device(self, call: Caller, notes: Notes) -> None:
        said = {"consent": {"analytics": True, "marketing": True, "policy_version": "7"}}
        post(call, event(context=said), authorization=self.token(consented=False))
        kinds = [kind for kind, _ in notes.appended]
        assert sorted(kinds) == ["consent", "events"]
        record = notes.appended[kinds.index("consent")][1]
        assert record["device"] == "d1"
        assert record["consent"] == {
            "analytics": True, "marketing": True, "profiling": False, "policy_version": "7", "at": 0,
        }  # fmt: skip
        notes.appended.clear()
        post(call, event(context=said))
        assert [kind for kind, _ in notes.appended] == ["events"], "without a device token anybody could say it"


def test_a_web_page_may_send_where_its_origin_is_known(call: Caller) -> None:
    answer = post(call, event(), origin="https://shop.example")
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in post(call, event(), origin="https://evil.example").headers
    asked = call("OPTIONS", "/v1/batch", origin="https://shop.example")
    assert "content-encoding" in asked.headers["access-control-allow-headers"]


def test_other_methods(call: Caller) -> None:
    assert call("GET", "/v1/batch").status_code == 405
