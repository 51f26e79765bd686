"""APNs: what is posted, and what each answer does to the ledger, against a real HTTP/2 server."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotAllowed
from ferry.kernel.identity.rights import Role
from push import services
from push.engines.apns import engine as apns_engine
from push.engines.apns.engine import Apns
from push.engines.apns.jwt import LIFE_S, SHORTEST_S, ProviderToken, read_key
from push.engines.apns.verdicts import Breaker, Meaning, halts, meaning
from push.engines.base import Outcome, Outgoing
from push.errors import ChannelInvalid
from push.models import Address, ChannelSetting
from push.rules.ledger import delivery_id
from push.selectors.channels import channels as channel_states
from push.services.channels import remove_channel, set_apns
from tests.push.apple import apple, new_key
from tests.push.world import Harbour, channels

ACCOUNT = {"team_id": "TEAM123456", "key_id": "KEY1234567", "topic": "com.example.ferry"}


@pytest.fixture(scope="module")
def key() -> tuple[Any, str]:
    return new_key()


@pytest.fixture
def set_up(harbour: Harbour, key: tuple[Any, str]) -> Harbour:
    set_apns(actor=harbour.admin, host_app=harbour.app, values={**ACCOUNT, "key": key[1]})
    return harbour


def outgoing(harbour: Harbour, token: str, device: str = "", **more: Any) -> Outgoing:
    device = device or f"d-{token[:12]}"
    copy = Outgoing(
        device_id=device,
        token=token,
        delivery_id=delivery_id("message", device),
        title="Come back",
        body="The ferry leaves at nine. 渡口",
        data={"message": "01message", "link": "ferry://card", "gate": "7", "aps": "mine"},
        collapse="01message",
        expires_at=clock.now() + timedelta(hours=1),
        host_app_id=harbour.app.pk,
        workspace_id=harbour.workspace.pk,
    )
    return replace(copy, **more)


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.kind for outcome in outcomes]


def test_what_apple_is_sent(set_up: Harbour, tmp_path: Path, settings: Any, key: tuple[Any, str]):
    with apple(tmp_path, tls=True) as server:
        settings.FERRY_APNS_URL, settings.FERRY_APNS_CA = server.url, str(tmp_path / "ca.pem")
        carrier = Apns()
        batch = [outgoing(set_up, f"{number:064x}") for number in range(250)]
        assert kinds(carrier.send(batch)) == ["ok"] * 250
        assert kinds(carrier.send(batch[:1])) == ["ok"]
        seen = server.seen()
    assert {request["sessions"] for request in seen} == {1}  # one connection, kept between batches
    assert len(seen) == 251
    one = next(request for request in seen if request["token"] == batch[7].token)
    headers, body = one["headers"], json.loads(one["body"])
    assert (one["method"], one["path"]) == ("POST", f"/3/device/{batch[7].token}")
    assert headers["apns-id"] == batch[7].delivery_id
    assert headers["apns-topic"] == "com.example.ferry"
    assert (headers["apns-push-type"], headers["apns-priority"]) == ("alert", "10")
    assert headers["apns-expiration"] == str(int(batch[7].expires_at.timestamp()))
    assert headers["apns-collapse-id"] == "01message"
    assert body["aps"]["alert"] == {"title": "Come back", "body": "The ferry leaves at nine. 渡口"}
    assert body["ferry"]["data"] == {"gate": "7", "aps": "mine"}
    assert (body["ferry"]["message"], body["ferry"]["link"]) == ("01message", "ferry://card")
    token = headers["authorization"].removeprefix("bearer ")
    claims = pyjwt.decode(token, key[0].public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert claims["iss"] == "TEAM123456"
    assert 0 <= time.time() - claims["iat"] <= LIFE_S
    assert pyjwt.get_unverified_header(token) == {"alg": "ES256", "kid": "KEY1234567"}
    again = [request for request in seen if request["token"] == batch[0].token]
    assert len({request["headers"]["apns-id"] for request in again}) == 1  # the same id at every attempt


def test_a_server_that_is_not_apple_gets_nothing(set_up: Harbour, tmp_path: Path, settings: Any):
    with apple(tmp_path, tls=True) as server:
        settings.FERRY_APNS_URL = server.url  # and no CA that vouches for it
        outcomes = Apns().send([outgoing(set_up, "aa" * 32)])
        assert server.seen() == []
    assert kinds(outcomes) == ["config_error"]


def test_each_answer_and_what_it_means(set_up: Harbour, tmp_path: Path, settings: Any):
    now_ms = int(time.time() * 1000)
    answers = {
        "0001": {"status": 410, "reason": "Unregistered", "timestamp": now_ms},
        "0002": {"status": 410, "reason": "Unregistered", "timestamp": now_ms - 60_000},
        "0003": {"status": 400, "reason": "BadDeviceToken"},
        "0004": {"status": 429, "reason": "TooManyRequests", "headers": {"retry-after": "33"}},
        "0005": {"status": 500, "reason": "InternalServerError"},
        "0006": {"status": 413, "reason": "PayloadTooLarge"},
        "0007": {"status": 400, "reason": "BadMessageId"},
        "0008": {"status": 418, "reason": "\u0000odd"},
    }
    tokens = {prefix: prefix + "a" * 60 for prefix in answers}
    for prefix, token in tokens.items():  # 0001 was brought before Apple's moment, 0002 after it
        Address.objects.create(
            workspace=set_up.workspace,
            host_app_id=set_up.app.pk,
            device_id=f"d-{token[:12]}",
            channel="apns",
            token=token,
            registered_at=now_ms - 30_000,
        )
        del prefix
    with apple(tmp_path, answers) as server:
        settings.FERRY_APNS_URL = server.url
        good = [outgoing(set_up, f"ff{number:062x}") for number in range(20)]
        outcomes = Apns().send([*good, *(outgoing(set_up, token) for token in tokens.values())])
    assert kinds(outcomes[:20]) == ["ok"] * 20
    told = dict(zip(answers, outcomes[20:], strict=True))
    assert {prefix: outcome.kind for prefix, outcome in told.items()} == {
        "0001": "token_dead",
        "0002": "retry",
        "0003": "token_dead",
        "0004": "slow_down",
        "0005": "retry",
        "0006": "failed",
        "0007": "failed",
        "0008": "failed",
    }
    assert told["0004"].retry_after == 33
    assert "BadMessageId" in told["0007"].detail


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 503, "reason": "ServiceUnavailable", "headers": {"retry-after": "60"}}, "slow_down"),
        ({"status": 503, "reason": "Shutdown"}, "slow_down"),
        ({"status": 429, "reason": "TooManyProviderTokenUpdates"}, "slow_down"),
        ({"status": 403, "reason": "InvalidProviderToken"}, "config_error"),
        ({"status": 400, "reason": "TopicDisallowed"}, "config_error"),
        ({"status": 404, "reason": "BadPath"}, "config_error"),
    ],
)
def test_what_holds_for_all_stops_the_batch(
    set_up: Harbour, tmp_path: Path, settings: Any, answer: dict[str, Any], kind: str
):
    with apple(tmp_path, {"": answer}) as server:
        settings.FERRY_APNS_URL = server.url
        outcomes = Apns().send([outgoing(set_up, f"{number:064x}") for number in range(1000)])
        posted = len(server.seen())
    assert set(kinds(outcomes)) == {kind}
    assert posted <= 300  # what was under way; not the thousand
    if "headers" in answer:
        assert {outcome.retry_after for outcome in outcomes} == {60.0}


def test_the_wrong_environment_deletes_no_tokens(set_up: Harbour, tmp_path: Path, settings: Any):
    """Every token is bad: it is the account. One in a hundred is: it is the token."""
    with apple(tmp_path, {"00": {"status": 400, "reason": "BadDeviceToken"}}) as server:
        settings.FERRY_APNS_URL = server.url
        all_bad = [outgoing(set_up, f"00{number:062x}") for number in range(50)]
        carrier = Apns()
        assert set(kinds(carrier.send(all_bad))) == {"config_error"}
        assert "environment" in carrier.send(all_bad[:1])[0].detail
        set_apns(actor=set_up.admin, host_app=set_up.app, values={**ACCOUNT, "environment": "sandbox"})
        mixed = [*all_bad[:1], *(outgoing(set_up, f"ff{number:062x}") for number in range(99))]
        outcomes = carrier.send(mixed)  # the account has changed: what was learnt of it is forgotten
    assert kinds(outcomes) == ["token_dead"] + ["ok"] * 99


def test_a_server_that_is_away_or_silent_is_tried_again(
    set_up: Harbour, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.FERRY_APNS_URL = "http://127.0.0.1:9"
    outcomes = Apns().send([outgoing(set_up, "aa" * 32)])
    assert kinds(outcomes) == ["retry"]
    monkeypatch.setattr(apns_engine, "BATCH_S", 0.5)
    with apple(tmp_path, {"00": {"never": True}}) as server:
        settings.FERRY_APNS_URL = server.url
        batch = [outgoing(set_up, f"00{number:062x}") for number in range(150)]
        batch += [outgoing(set_up, f"ff{number:062x}") for number in range(20)]
        carrier = Apns()
        assert set(kinds(carrier.send(batch))) <= {"retry", "ok"}
        assert kinds(carrier.send(batch[150:])) == ["ok"] * 20  # the connection goes on


def test_a_connection_that_apple_closes_is_opened_again(set_up: Harbour, tmp_path: Path, settings: Any):
    carrier = Apns()
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        with apple(tmp_path / folder) as server:
            settings.FERRY_APNS_URL = server.url
            assert kinds(carrier.send([outgoing(set_up, "aa" * 32)])) == ["ok"]


def test_too_long_for_apple_is_refused_here(set_up: Harbour, tmp_path: Path, settings: Any):
    with apple(tmp_path) as server:
        settings.FERRY_APNS_URL = server.url
        outcomes = Apns().send([outgoing(set_up, "aa" * 32, body="渡" * 1400), outgoing(set_up, "bb" * 32)])
        assert len(server.seen()) == 1
    assert kinds(outcomes) == ["failed", "ok"]


def test_without_an_account_nothing_is_sent(harbour: Harbour):
    outcomes = Apns().send([outgoing(harbour, "aa" * 32)])
    assert kinds(outcomes) == ["config_error"]
    assert Apns().send([]) == []


def test_a_campaign_over_apns_reaches_the_ledger(set_up: Harbour, tmp_path: Path, settings: Any):
    names = set_up.devices(40, vendor=False)
    now_ms = int(time.time() * 1000)
    Address.objects.insert(
        Address(
            workspace=set_up.workspace,
            host_app_id=set_up.app.pk,
            device_id=name,
            channel="apns",
            token=("00" if number == 0 else "ff") + f"{number:062x}",
            registered_at=now_ms - 3_600_000,
        )
        for number, name in enumerate(names)
    )
    gone = {"00": {"status": 410, "reason": "Unregistered", "timestamp": now_ms}}
    with apple(tmp_path, gone) as server, channels(apns=Apns()):
        settings.FERRY_APNS_URL = server.url
        campaign = set_up.started()
        services.deliver()
        assert len(server.seen()) == 40
    assert set_up.states(campaign) == {("accepted", ""): 39, ("failed", "token_dead"): 1}
    assert Address.objects.of(set_up.workspace).exclude(dead_at=None).get().device_id == names[0]


class TestAccounts:
    def test_the_key_is_sealed_and_never_shown(self, set_up: Harbour, key: tuple[Any, str]):
        row = ChannelSetting.objects.of(set_up.workspace).get()
        secret = key[1].splitlines()[1]
        assert secret not in row.sealed
        assert secret not in base64.b64decode(row.sealed.split(".")[-1] + "==", altchars=b"-_").decode("latin-1")
        shown = [state for state in channel_states(set_up.app) if state.channel == "apns"]
        assert secret not in repr(shown)
        assert secret not in "".join(repr(entry.after) for entry in audit.entries(set_up.workspace))
        own, vendor = channel_states(set_up.app)
        assert (own.ready, vendor.ready) == (True, True)

    def test_without_a_new_key_the_old_one_stays(self, set_up: Harbour):
        before = ChannelSetting.objects.of(set_up.workspace).get().sealed
        set_apns(actor=set_up.admin, host_app=set_up.app, values={**ACCOUNT, "topic": "com.example.other"})
        row = ChannelSetting.objects.of(set_up.workspace).get()
        assert (row.sealed, row.settings["topic"]) == (before, "com.example.other")
        remove_channel(actor=set_up.admin, host_app=set_up.app, channel="apns")
        assert not ChannelSetting.objects.of(set_up.workspace).exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"team_id": "short"},
            {"key_id": "lower12345"},
            {"topic": "com example\r\nx: y"},
            {"environment": "moon"},
            {"key": "no key"},
            {"key": ""},
        ],
    )
    def test_what_cannot_work_is_refused(self, harbour: Harbour, key: tuple[Any, str], wrong: dict[str, str]):
        with pytest.raises(ChannelInvalid):
            set_apns(actor=harbour.admin, host_app=harbour.app, values={**ACCOUNT, "key": key[1], **wrong})

    def test_only_who_manages_host_apps(self, harbour: Harbour, key: tuple[Any, str]):
        with pytest.raises(NotAllowed):
            set_apns(actor=harbour.person(Role.OPERATOR), host_app=harbour.app, values={**ACCOUNT, "key": key[1]})


class TestProviderToken:
    def make(self, pem: str) -> ProviderToken:
        return ProviderToken(read_key(pem.encode()), team_id="TEAM123456", key_id="KEY1234567")

    def test_two_workers_and_a_restarted_one_have_the_same_token(self, key: tuple[Any, str]):
        now = LIFE_S * 750_000 + 100.0
        first, second = self.make(key[1]), self.make(key[1])
        assert first.text(now) == second.text(now + 2000) == first.text(now + 2000)
        assert first.text(now + LIFE_S) != second.text(now + 2000)

    def test_it_is_never_renewed_too_early_nor_kept_too_long(self, key: tuple[Any, str]):
        token, changes, last, start = self.make(key[1]), [], "", LIFE_S * 750_000 + 777.0
        for minute in range(600):
            now = start + 60 * minute
            if minute in (50, 61, 300):
                token.refused(now)
            text = token.text(now)
            if text != last:
                changes.append(now)
                last = text
            issued = pyjwt.decode(text, options={"verify_signature": False})["iat"]
            assert 0 <= now - issued < 3600
        gaps = [after - before for before, after in pairwise(changes[1:])]
        assert min(gaps) >= SHORTEST_S - 60

    def test_a_young_token_that_apple_calls_expired_points_at_the_clock(self, key: tuple[Any, str]):
        token, now = self.make(key[1]), LIFE_S * 750_000 + 100.0
        token.text(now)
        assert not token.refused(now)
        assert token.refused(now + SHORTEST_S)
        assert not token.refused(now + SHORTEST_S + 1)


def test_unknown_answers_are_never_a_dead_token():
    for status in (0, 201, 301, 400, 401, 402, 413, 418, 499, 501, 502, 504, 599):
        assert meaning(status, "Unheard of") in (Meaning.AGAIN, Meaning.REFUSED)
    assert meaning(0, "") is Meaning.AGAIN
    assert not halts(Meaning.BUSY, "TooManyRequests")


def test_the_breaker_needs_proof_of_the_setting_first():
    breaker = Breaker()
    assert not breaker.blames_tokens(0, {"a"})
    assert breaker.blames_tokens(1, {"b"})
    assert not breaker.blames_tokens(0, {f"x{number}" for number in range(10)})
    assert breaker.blames_tokens(1000, {"y"})
