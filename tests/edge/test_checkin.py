"""The check-in: what a device is told, and what is remembered of it."""

from __future__ import annotations

from typing import Any

import pytest

from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.tokens import DeviceKeys, DeviceToken
from tests.edge.published import (
    APP_ID,
    APP_KEY,
    DEVICE_SECRET,
    NOW,
    Caller,
    Clock,
    Notes,
    Published,
    app_body,
    checkin_body,
    program_body,
    release_body,
)

KEYS = DeviceKeys(DEVICE_SECRET, APP_KEY)
UNHEARD = {"user": "ann", "attributes": {"tier": "gold"}, "device": {"id": "d2"}}  # no rule about what it has or wants


def token(device: str = "d1", user: str | None = None, *, consented: bool = False) -> str:
    return "Device " + KEYS.issue(DeviceToken(device, 0, user, consented))


def codes(answer: Any) -> dict[str, int]:
    return {update["id"]: update["code"] for update in answer.json()["updates"]}


def test_a_golden_answer(published: Published, client: SnapshotClient, call: Caller) -> None:
    published.program(program_body("news", release_body(13, sha="a" * 64)))
    published.program(program_body("card", withdrawn={"message": "In repair."}))
    client.poll()
    body = checkin_body(installed=[{"id": "news", "code": 12}, {"id": "card", "code": 1}], want=["x"])
    answer = call("POST", "/v1/checkin", json=body)
    said = answer.json()
    assert answer.status_code == 200
    assert said.pop("state").startswith("s.")
    assert 1620 <= said.pop("next_check_after") <= 1980
    assert said == {
        "server_time": "2027-01-15T08:00:00Z",
        "updates": [
            {
                "id": "news",
                "code": 13,
                "name": "1.13.0",
                "kind": "h5",
                "entry": "index.html",
                "action": "install",
                "apply": "next_open",
                "network": "any",
                "notes": "",
                "package": {
                    "url": "https://edge.test/packages/" + "a" * 64 + "?of=news",
                    "size": 10,
                    "sha256": "a" * 64,
                    "files_root": "f" * 64,
                },
                "signature": {"alg": "ES256", "kid": "k1", "value": "c2ln"},
            }
        ],
        "withdrawn": [{"id": "card", "message": "In repair."}],
        "unavailable": [
            {"id": "x", "code": "not_offered", "message": "This mini-program is not offered to this device."}
        ],
        "switches": {},
    }


def test_whoever_has_the_decided_version_is_told_nothing(
    published: Published, client: SnapshotClient, call: Caller
) -> None:
    published.program(program_body("news", release_body(13)))
    client.poll()
    assert codes(call("POST", "/v1/checkin", json=checkin_body(installed=[{"id": "news", "code": 13}]))) == {}


def test_a_rollback_is_an_update_downwards(published: Published, client: SnapshotClient, call: Caller) -> None:
    published.program(program_body("news", release_body(12)))
    client.poll()
    assert codes(call("POST", "/v1/checkin", json=checkin_body(installed=[{"id": "news", "code": 13}]))) == {"news": 12}


def test_a_wanted_program_comes_without_being_installed(
    published: Published, client: SnapshotClient, call: Caller
) -> None:
    published.program(program_body("card", release_body(2)))
    client.poll()
    assert codes(call("POST", "/v1/checkin", json=checkin_body(want=["card", "card"]))) == {"card": 2}
    assert codes(call("POST", "/v1/checkin", json=checkin_body())) == {}


def test_outside_the_newest_range_the_newest_that_fits_is_kept(
    published: Published, client: SnapshotClient, call: Caller
) -> None:
    newest = release_body(3, range={"android": {"min": "7.0.0", "max": None}})
    published.program(program_body("news", newest, release_body(2)))
    client.poll()
    old = checkin_body(device={"host_version": "6.3.0"}, want=["news"])
    new = checkin_body(device={"host_version": "7.1"}, want=["news"])
    assert codes(call("POST", "/v1/checkin", json=old)) == {"news": 2}
    assert codes(call("POST", "/v1/checkin", json=new)) == {"news": 3}


def test_an_allowlist_of_users_demands_a_verified_one(
    published: Published, client: SnapshotClient, call: Caller
) -> None:
    testers = published.store(["ann"])
    rule = {"any": [{"allowlist": {"field": "userId", "set": testers}}]}
    published.program(program_body("news", release_body(9, rule=rule, kind="trial")), sets=(testers,))
    client.poll()
    claimed = call("POST", "/v1/checkin", json=checkin_body(want=["news"], user="ann"))
    verified = call("POST", "/v1/checkin", json=checkin_body(want=["news"]), authorization=token(user="ann"))
    assert codes(claimed) == {}
    assert codes(verified) == {"news": 9}


def test_segments_and_attributes_reach_the_rules(published: Published, client: SnapshotClient, call: Caller) -> None:
    gold = {"contextName": "tier", "operator": "IN", "values": ["gold"]}
    published.others["segment:vip"] = {"id": "vip", "name": "VIP", "constraints": [gold]}
    published.program(program_body("news", release_body(9, rule={"any": [{"segments": ["vip"]}]})))
    client.poll()
    assert codes(call("POST", "/v1/checkin", json=checkin_body(want=["news"], attributes={"tier": "gold"}))) == {
        "news": 9
    }
    assert codes(call("POST", "/v1/checkin", json=checkin_body(want=["news"], attributes={"tier": "tin"}))) == {}


def test_attributes_cannot_pose_as_the_device(published: Published, client: SnapshotClient, call: Caller) -> None:
    ios = {"contextName": "platform", "operator": "IN", "values": ["ios"]}
    published.program(program_body("news", release_body(9, rule={"any": [{"constraints": [ios]}]})))
    client.poll()
    assert codes(call("POST", "/v1/checkin", json=checkin_body(want=["news"], attributes={"platform": "ios"}))) == {}


class TestState:
    """The state names what an answer says."""

    @pytest.fixture(autouse=True)
    def _world(self, published: Published, client: SnapshotClient) -> None:
        published.program(program_body("news", release_body(13)))
        client.poll()

    def test_the_same_question_is_answered_with_unchanged(self, call: Caller) -> None:
        body = checkin_body(installed=[{"id": "news", "code": 13}], want=["x"])
        state = call("POST", "/v1/checkin", json=body).json()["state"]
        again = call("POST", "/v1/checkin", json=body | {"state": state}).json()
        assert again.pop("next_check_after") > 0
        assert again == {"unchanged": True, "state": state}

    def test_the_order_of_installed_programs_does_not_matter(self, call: Caller) -> None:
        both = [{"id": "a", "code": 1}, {"id": "b", "code": 2}]
        state = call("POST", "/v1/checkin", json=checkin_body(installed=both)).json()["state"]
        assert call("POST", "/v1/checkin", json=checkin_body(installed=both[::-1], state=state)).json()["unchanged"]

    @pytest.mark.parametrize(
        "change",
        [
            {"installed": [{"id": "news", "code": 12}]},
            {"want": ["news"]},
            {"attributes": {"tier": "gold"}, "want": ["shop"]},
            {"device": {"host_version": "6.4.0"}},
            UNHEARD,
        ],
    )
    def test_it_holds_while_the_answer_would_be_the_same(
        self, published: Published, client: SnapshotClient, call: Caller, change: dict[str, Any]
    ) -> None:
        """Whatever a device says: "unchanged" exactly when the whole answer, asked for anew, has that state."""
        gold = {"contextName": "tier", "operator": "IN", "values": ["gold"]}
        published.program(program_body("shop", release_body(2, rule={"any": [{"constraints": [gold]}]})))
        client.poll()
        state = call("POST", "/v1/checkin", json=checkin_body()).json()["state"]
        whole = call("POST", "/v1/checkin", json=checkin_body(**change)).json()
        short = call("POST", "/v1/checkin", json=checkin_body(**change, state=state)).json()
        same = whole["state"] == state and not whole["updates"]
        assert ("unchanged" in short) == same
        assert same == (change in ({"device": {"host_version": "6.4.0"}}, UNHEARD))

    def test_verification_changes_it_where_a_rule_asks_for_it(
        self, published: Published, client: SnapshotClient, call: Caller
    ) -> None:
        testers = published.store(["d1"])
        rule = {"any": [{"allowlist": {"field": "deviceId", "set": testers}}]}
        published.program(program_body("news", release_body(13, rule=rule)), sets=(testers,))
        client.poll()
        body = checkin_body(want=["news"])
        state = call("POST", "/v1/checkin", json=body).json()["state"]
        assert call("POST", "/v1/checkin", json=body | {"state": state}).json()["unchanged"]
        assert codes(call("POST", "/v1/checkin", json=body | {"state": state}, authorization=token())) == {"news": 13}

    def test_a_publish_changes_it(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        state = call("POST", "/v1/checkin", json=checkin_body(want=["news"])).json()["state"]
        published.program(program_body("news", release_body(14)))
        client.poll()
        answer = call("POST", "/v1/checkin", json=checkin_body(want=["news"], state=state))
        assert codes(answer) == {"news": 14}

    def test_the_beginning_of_a_release_changes_it(
        self, published: Published, client: SnapshotClient, call: Caller, clock: Clock
    ) -> None:
        published.program(program_body("news", release_body(14, rule={"any": [{}], "starts_at": NOW + 60})))
        client.poll()
        early = call("POST", "/v1/checkin", json=checkin_body(want=["news"])).json()
        clock.now += 59
        assert call("POST", "/v1/checkin", json=checkin_body(want=["news"], state=early["state"])).json()["unchanged"]
        clock.now += 1
        late = call("POST", "/v1/checkin", json=checkin_body(want=["news"], state=early["state"]))
        assert codes(late) == {"news": 14}

    def test_a_publish_that_says_nothing_new_leaves_it(
        self, published: Published, client: SnapshotClient, call: Caller
    ) -> None:
        body = checkin_body(installed=[{"id": "news", "code": 13}])
        published.program(program_body("news", release_body(13)))
        client.poll()
        state = call("POST", "/v1/checkin", json=body).json()["state"]
        published.program(program_body("card", release_body(4)))
        client.poll()
        assert call("POST", "/v1/checkin", json=body | {"state": state}).json()["unchanged"]

    def test_a_phone_that_lost_what_it_had_installed_hears_of_it_again(
        self, published: Published, client: SnapshotClient, call: Caller
    ) -> None:
        """It kept the state of the answer that brought the update, and then went back to what it had before."""
        published.program(program_body("news", release_body(13)))
        client.poll()
        old = [{"id": "news", "code": 12}]
        state = call("POST", "/v1/checkin", json=checkin_body(installed=old)).json()["state"]
        assert codes(call("POST", "/v1/checkin", json=checkin_body(installed=old, state=state))) == {"news": 13}

    def test_a_withdrawal_changes_it(self, published: Published, client: SnapshotClient, call: Caller) -> None:
        body = checkin_body(installed=[{"id": "news", "code": 13}])
        published.program(program_body("news", release_body(13)))
        client.poll()
        state = call("POST", "/v1/checkin", json=body).json()["state"]
        published.program(program_body("news", release_body(13), withdrawn={"message": "closed"}))
        client.poll()
        closed = call("POST", "/v1/checkin", json=body | {"state": state}).json()
        assert closed["withdrawn"] == [{"id": "news", "message": "closed"}]
        assert call("POST", "/v1/checkin", json=body | {"state": closed["state"]}).json()["unchanged"]


class TestObservation:
    """Every answered check-in is offered to the journal."""

    def test_it_says_context_installed_and_arms(
        self, published: Published, client: SnapshotClient, call: Caller, notes: Notes
    ) -> None:
        published.program(program_body("news", release_body(13)))
        client.poll()
        body = checkin_body(installed=[{"id": "news", "code": 12}], attributes={"tier": "gold"}, user="ann")
        call("POST", "/v1/checkin", json=body)
        assert notes.offered == [
            (
                "checkin",
                {
                    "host_app": APP_ID,
                    "device": "d1",
                    "user": "ann",
                    "verified_user": False,
                    "at": int(NOW * 1000),
                    "seq": 1,
                    "platform": "android",
                    "os": "14",
                    "model": "",
                    "host_version": "6.3.0",
                    "network": "",
                    "locale": "zh-CN",
                    "attributes": {"tier": "gold"},
                    "installed": {"news": 12},
                    "arms": [["news", "r13", 13]],
                },
            )
        ]

    def test_unchanged_is_observed_too(self, client: SnapshotClient, call: Caller, notes: Notes) -> None:
        client.poll()
        state = call("POST", "/v1/checkin", json=checkin_body()).json()["state"]
        call("POST", "/v1/checkin", json=checkin_body(state=state))
        assert [record["seq"] for _, record in notes.offered] == [1, 2]

    def test_without_required_consent_nothing_is_kept(
        self, published: Published, client: SnapshotClient, call: Caller, notes: Notes
    ) -> None:
        published.app = app_body(consent="required")
        client.poll()
        call("POST", "/v1/checkin", json=checkin_body())
        call("POST", "/v1/checkin", json=checkin_body(), authorization=token())
        assert notes.offered == []
        call("POST", "/v1/checkin", json=checkin_body(), authorization=token(consented=True))
        assert len(notes.offered) == 1


def test_of_a_program_that_is_named_twice_the_last_word_counts(
    published: Published, client: SnapshotClient, call: Caller, notes: Notes
) -> None:
    published.program(program_body("news", release_body(13)))
    client.poll()
    both = [{"id": "news", "code": 13}, {"id": "news", "code": 12}]
    assert codes(call("POST", "/v1/checkin", json=checkin_body(installed=both))) == {"news": 13}
    assert call("POST", "/v1/checkin", json=checkin_body(installed=both[::-1])).json()["updates"] == []
    assert [(seen["installed"], len(seen["arms"])) for _, seen in notes.offered] == [
        ({"news": 12}, 1),
        ({"news": 13}, 1),
    ]


def test_a_trailing_slash_is_the_same_address(client: SnapshotClient, call: Caller) -> None:
    client.poll()
    assert call("POST", "/v1/checkin/", json=checkin_body()).status_code == 200


def governed(code: int, serial: int) -> dict[str, Any]:
    """A release whose version has terms."""
    terms = {"serial": serial, "capabilities": ["scan"], "domains": {}}
    return release_body(code, terms=terms, terms_signature={"alg": "ES256", "kid": "k1", "value": "dGVybXM="})


def test_terms_come_with_an_update(published: Published, client: SnapshotClient, call: Caller) -> None:
    published.program(program_body("news", governed(13, 2)))
    client.poll()
    (update,) = call("POST", "/v1/checkin", json=checkin_body(want=["news"])).json()["updates"]
    assert update["terms"]["serial"] == 2
    assert update["terms_signature"]["value"] == "dGVybXM="


def test_whoever_has_the_version_hears_of_new_terms_once(
    published: Published, client: SnapshotClient, call: Caller
) -> None:
    """A right that is taken back reaches phones that have the version and would hear nothing else about it."""
    published.program(program_body("news", governed(13, 1)))
    published.program(program_body("card", release_body(4)))
    client.poll()

    def ask(serial: int, state: str | None = None) -> Any:
        installed = [{"id": "news", "code": 13, "terms": serial}, {"id": "card", "code": 4}]
        return call("POST", "/v1/checkin", json=checkin_body(installed=installed, state=state)).json()

    current = ask(1)
    assert "terms" not in current
    published.program(program_body("news", governed(13, 2)))
    client.poll()
    changed = ask(1, current["state"])
    assert changed["updates"] == []
    assert [(each["id"], each["code"], each["terms"]["serial"]) for each in changed["terms"]] == [("news", 13, 2)]
    assert ask(1, None)["terms"] == changed["terms"]  # a phone that lost them hears them again
    settled = ask(2, changed["state"])
    assert "terms" not in settled
    assert settled["updates"] == []


def test_terms_follow_the_version_that_the_device_has(
    published: Published, client: SnapshotClient, call: Caller
) -> None:
    """A phone on the full release that is offered a gray one hears of new terms for what it runs now, too."""
    published.program(program_body("news", governed(14, 5), governed(13, 3)))
    client.poll()
    said = call("POST", "/v1/checkin", json=checkin_body(installed=[{"id": "news", "code": 13, "terms": 2}])).json()
    assert [update["code"] for update in said["updates"]] == [14]
    assert [(each["code"], each["terms"]["serial"]) for each in said["terms"]] == [(13, 3)]
