"""Trials by invitation at the edge: a device shows a token, and the published rule knows its hash."""

from __future__ import annotations

from hashlib import sha256

import pytest

from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys, DeviceToken
from tests.edge.published import (
    APP_KEY,
    DEVICE_SECRET,
    NOW,
    Caller,
    Clock,
    Published,
    checkin_body,
    program_body,
    release_body,
)

TOKEN = "t" * 32
HASH = sha256(TOKEN.encode()).hexdigest()
KEYS = DeviceKeys(DEVICE_SECRET, APP_KEY)
AUTHORIZATION = "Device " + KEYS.issue(DeviceToken("d1", int(NOW * 1000)))


@pytest.fixture(autouse=True)
def _published(published: Published, client: SnapshotClient) -> None:
    """Version 1 for everybody, version 2 for the invited, for an hour."""
    rule = {"any": [{"invitation": {"sha256": HASH, "ends_at": NOW + 3600}}]}
    published.program(program_body("news", release_body(2, rule=rule, kind="trial"), release_body(1)))
    published.program(program_body("lab", release_body(7, rule=rule, kind="trial")))
    client.poll()


def code(answer) -> int:
    [update] = [update for update in answer.json()["updates"] if update["id"] == "news"]
    return update["code"]


def test_a_registered_device_that_shows_the_token_takes_part(call: Caller) -> None:
    answer = call("POST", "/v1/checkin", json=checkin_body(want=["news"], trials=[TOKEN]), authorization=AUTHORIZATION)
    assert code(answer) == 2
    held = {"token": TOKEN, "ends_at": "2027-01-15T09:00:00Z"}
    assert answer.json()["trials"] == [{**held, "id": "news"}, {**held, "id": "lab"}]


@pytest.mark.parametrize("trials", [[], ["x" * 32], [HASH]])
def test_whoever_shows_nothing_or_something_else_does_not(call: Caller, trials: list[str]) -> None:
    body = checkin_body(want=["news"], trials=trials)
    answer = call("POST", "/v1/checkin", json=body, authorization=AUTHORIZATION)
    assert code(answer) == 1
    assert answer.json().get("trials", []) == []


def test_without_a_device_token_it_does_not_count(call: Caller) -> None:
    answer = call("POST", "/v1/checkin", json=checkin_body(want=["news"], trials=[TOKEN]))
    assert code(answer) == 1
    assert answer.json()["trials"] == []


def test_the_end_changes_the_state_so_no_device_is_told_unchanged(call: Caller, clock: Clock) -> None:
    body = checkin_body(installed=[{"id": "news", "code": 2}], trials=[TOKEN])
    before = call("POST", "/v1/checkin", json=body, authorization=AUTHORIZATION).json()
    assert before["updates"] == []
    again = call("POST", "/v1/checkin", json=body | {"state": before["state"]}, authorization=AUTHORIZATION)
    assert again.json()["unchanged"] is True
    clock.now += 3600
    after = call("POST", "/v1/checkin", json=body | {"state": before["state"]}, authorization=AUTHORIZATION)
    assert code(after) == 1, "the device returns to what everybody gets"
    assert after.json()["trials"] == []


def test_showing_another_token_is_another_state(call: Caller) -> None:
    states = {
        call("POST", "/v1/checkin", json=checkin_body(trials=trials), authorization=AUTHORIZATION).json()["state"]
        for trials in ([], [TOKEN], ["x"])
    }
    assert len(states) == 3


def test_the_directory_shows_the_program_of_a_trial_to_the_invited(call: Caller) -> None:
    query = "/v1/miniapps?platform=android&host_version=6.3.0"
    invited = call("GET", f"{query}&trial={TOKEN}", authorization=AUTHORIZATION).json()
    assert [each["id"] for each in invited["miniapps"]] == ["lab", "news"]
    others = call("GET", query, authorization=AUTHORIZATION).json()
    assert [each["id"] for each in others["miniapps"]] == ["news"]


@pytest.mark.parametrize("trials", ["t", [""], ["x" * 65], [1], ["x"] * 21])
def test_what_is_no_list_of_tokens_is_refused(call: Caller, trials: object) -> None:
    assert call("POST", "/v1/checkin", json=checkin_body(trials=trials)).status_code == 400
