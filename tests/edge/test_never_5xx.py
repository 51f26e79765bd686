"""Whatever comes from outside is answered with less than 500."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys, DeviceToken
from tests.edge.published import APP_KEY, DEVICE_SECRET, Caller, Published, checkin_body, program_body, release_body

ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEYS = DeviceKeys(DEVICE_SECRET, APP_KEY)

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
near = st.fixed_dictionaries(
    {"device": st.fixed_dictionaries({"id": plain, "platform": st.sampled_from(["ios", "android", "x"])})},
    optional={
        "user": plain,
        "attributes": st.dictionaries(st.text(max_size=70), plain, max_size=5),
        "installed": st.lists(st.fixed_dictionaries({"id": st.sampled_from(["news", "x", ""]), "code": plain})),
        "want": st.lists(st.sampled_from(["news", "x", ""]), max_size=5),
        "state": plain,
        "message_id": plain,
        "platform": plain,
        "consent": values,
        "user_token": plain,
    },
)
bodies = st.binary(max_size=200) | (values | near).map(lambda value: json.dumps(value).encode())
headers = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80)


def published_with_rules(published: Published, client: SnapshotClient) -> None:
    listed = published.store(["d1"])
    strategies: list[dict[str, Any]] = [
        {"allowlist": {"field": "deviceId", "set": listed}},
        {
            "constraints": [
                {"contextName": "os", "operator": "NUM_GT", "value": "3"},
                {"contextName": "host_version", "operator": "SEMVER_GT", "value": "1.2.3"},
                {"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["zh"]},
            ],
            "rollout": {"share": 5000, "stickiness": "userId", "group": "g"},
        },
    ]
    gray = release_body(2, rule={"any": strategies}, range={"android": {"min": "1.0", "max": None}})
    published.program(program_body("news", gray, release_body(1)), sets=(listed,))
    client.poll()


@ANY
@given(body=bodies)
def test_bodies(published: Published, client: SnapshotClient, call: Caller, body: bytes) -> None:
    published_with_rules(published, client)
    for path in ("/v1/checkin", "/v1/devices", "/v1/devices/bind", "/v1/devices/unbind"):
        answer = call("POST", path, content=body)
        assert answer.status_code < 500, (path, answer.text)
        answer.json()


@ANY
@given(token=headers, key=headers)
def test_credentials(client: SnapshotClient, call: Caller, token: str, key: str) -> None:
    client.poll()
    for scheme in ("Device ", "Server ", ""):
        for path in ("/v1/checkin", "/v1/devices/bind"):
            answer = call("POST", path, json=checkin_body(message_id="message-1"), authorization=scheme + token)
            assert answer.status_code < 500
        assert call("POST", "/v1/checkin", json=checkin_body(), x_app_key=key).status_code < 500


@ANY
@given(path=st.text(st.characters(min_codepoint=32, max_codepoint=1000), max_size=40), query=st.text(max_size=40))
def test_addresses(client: SnapshotClient, call: Caller, path: str, query: str) -> None:
    client.poll()
    for prefix in ("/", "/packages/", "/icons/", "/keys/", "/v1/freshness/", "/v1/miniapps?platform=ios&"):
        try:
            answer = call("GET", prefix + path)
        except (httpx.InvalidURL, ValueError):
            continue  # no HTTP client would send it
        assert answer.status_code < 500


@given(device=st.text(max_size=64), user=st.none() | st.text(max_size=128), at=st.integers(0, 2**50))
def test_a_token_says_what_it_was_told_and_nothing_else(device: str, user: str | None, at: int) -> None:
    token = DeviceToken(device, at, user, True)
    text = KEYS.issue(token).encode()
    assert KEYS.read(text) == token
    assert DeviceKeys(DEVICE_SECRET, "fa_x").device_id("m") != KEYS.device_id("m")
    assert DeviceKeys(b"o" * 32, APP_KEY).read(text) is None
    for place in range(0, len(text), 7):
        changed = bytearray(text)
        changed[place] ^= 1
        assert KEYS.read(bytes(changed)) in (None, token)  # base64 has a few bits that say nothing


@given(st.binary(max_size=120))
def test_no_other_text_is_a_token(text: bytes) -> None:
    assert KEYS.read(text) is None
