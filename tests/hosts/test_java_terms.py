"""The Java host keeps a mini-program to its terms: what it may call and reach, what somebody has to agree to first."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from miniapps import services
from miniapps.models import Grant
from miniapps.records import PRIVACY_ACCEPTED
from tests.hosts.java_phone import Phone, names, publish
from tests.hosts.liar import Answer, Liar
from tests.hosts.live import LiveEdge
from tests.world import World

ASKED = {"capabilities": ["login", "scan"], "reach": {"request": ["api.example.com", "*.cdn.example.com"]}}


def granted(world: World, **asked: Any) -> list[Grant]:
    """Permissions of every version, asked for and granted."""
    made = services.request_permissions(
        actor=world.developer, program=world.program, host_app=world.host_app, **(asked or ASKED)
    )
    return [services.grant_permission(actor=world.operator, grant=grant) for grant in made]


def agreement(world: World, **text: str) -> None:
    services.publish_agreement(
        actor=world.operator,
        program=world.program,
        text=text,
        url={"en": "https://harbour.example.com/privacy"},
    )


def asks(phone: Phone, *arguments: str) -> list[tuple[str, str]]:
    """What became of calls and addresses, offline: by the terms on the phone."""
    events = phone.run("--offline", *arguments)
    return [(line["event"], line.get("code", "")) for line in events if line["event"] not in ("opened", "agreement")]


@pytest.fixture
def program(world: World, edge: LiveEdge) -> str:
    publish(world, "1.0.0")
    edge.poll()
    return world.program.program_id


def test_what_is_not_granted_is_refused(world: World, edge: LiveEdge, phone: Phone, program: str) -> None:
    phone.run("--want", program)
    assert asks(phone, "--call", f"{program}=scan") == [("call_refused", "not_granted")]
    assert phone.status == 1
    assert asks(phone, "--reach", f"{program}=https://api.example.com/") == [("kept_in", "")]
    scan = granted(world)[1]
    edge.poll()
    phone.run()
    assert asks(phone, "--call", f"{program}=scan") == [("call_refused", "not_supported")]  # a command has no camera
    assert asks(phone, "--call", f"{program}=location", "--call", f"{program}=") == [
        ("call_refused", "not_granted"),
        ("call_refused", "not_granted"),
    ]
    services.revoke_permission(actor=world.operator, grant=scan, reason="Misused.")
    edge.poll()
    phone.run()
    assert asks(phone, "--call", f"{program}=scan") == [("call_refused", "not_granted")]
    assert phone.state["terms"][f"{program}@1"]["serial"] > 1


@pytest.mark.parametrize(
    ("address", "let_out"),
    [
        ("https://api.example.com/tickets?for=me", True),
        ("https://API.example.com:443/", True),
        ("https://a.b.cdn.example.com/", True),
        ("https://cdn.example.com/", False),
        ("https://xcdn.example.com/", False),
        ("https://api.example.com.evil.example/", False),
        ("https://api.example.com@evil.example/", False),
        ("https://me@api.example.com/", False),
        ("https://api.example.com:8443/", False),
        ("http://api.example.com/", False),
        ("file:///etc/passwd", False),
        ("api.example.com", False),
    ],
)
def test_only_granted_domains_are_reached(
    world: World, edge: LiveEdge, phone: Phone, program: str, address: str, let_out: bool
) -> None:
    granted(world)
    edge.poll()
    phone.run("--want", program)
    assert asks(phone, "--reach", f"{program}={address}") == [("let_out" if let_out else "kept_in", "")]
    assert asks(phone, "--view", f"{program}={address}") == [("kept_in", "")]  # no web view was granted


def test_a_granted_login_gets_a_code_from_the_platform(
    world: World, edge: LiveEdge, phone: Phone, program: str, liar: Liar
) -> None:
    granted(world)
    edge.poll()
    phone.run("--want", program)
    refused = phone.run("--call", f"{program}=login")[-1]
    assert (refused["event"], refused["code"]) == ("call_refused", "refused")  # nobody is signed in on this phone
    liar.lie = lambda path, true: Answer(200, b'{"code":"lc_1","expires_in":300}') if "login" in path else None
    assert phone.run("--call", f"{program}=login")[-1]["result"] == "lc_1"
    asked = len(liar.asked)
    assert asks(phone, "--call", f"{program}=login") == [("call_refused", "unreachable")]
    assert len(liar.asked) == asked


def test_terms_played_again_give_nothing_back_also_after_a_roll_back(
    world: World, edge: LiveEdge, phone: Phone, program: str, liar: Liar
) -> None:
    """The serial is remembered for each version, not only for the one that opens now."""
    (grant,) = granted(world, capabilities=["scan"])
    edge.poll()
    asked = {"device": {"id": "d", "platform": "android", "host_version": "6.3.0"}, "want": [program]}
    headers = {"X-App-Key": world.host_app.app_key}
    (old,) = httpx.post(f"{edge.url}/v1/checkin", json=asked, headers=headers).json()["updates"]
    services.revoke_permission(actor=world.operator, grant=grant, reason="Misused.")
    edge.poll()
    phone.run("--want", program)
    bad = publish(world, "2.0.0", share=100)
    edge.poll()
    assert phone.opened() == "2.0.0"
    world.roll_back(bad)
    edge.poll()

    def replayed(path: str, true: httpx.Response) -> Answer | None:
        if path != "/v1/checkin":
            return None
        body = true.json()
        body["updates"][0] |= {"terms": old["terms"], "terms_signature": old["terms_signature"]}
        return Answer(200, json.dumps(body).encode())

    liar.lie = replayed
    assert [line.get("reason") for line in phone.run() if line["event"] == "refused"] == ["terms"]
    liar.lie = None
    assert phone.opened() == "1.0.0"
    assert asks(phone, "--call", f"{program}=scan") == [("call_refused", "not_granted")]


def test_terms_changed_on_the_phone_grant_nothing(world: World, edge: LiveEdge, phone: Phone, program: str) -> None:
    granted(world, capabilities=["login"])
    edge.poll()
    phone.run("--want", program)
    state = phone.state
    state["terms"][f"{program}@1"]["terms"]["capabilities"] = ["login", "scan"]
    (phone.folder / "state.json").write_text(json.dumps(state))
    assert ("call_refused", "not_granted") in asks(phone, "--call", f"{program}=scan")


def test_an_agreement_is_accepted_before_the_program_opens_and_told(
    world: World, edge: LiveEdge, phone: Phone, program: str
) -> None:
    agreement(world, en="We keep your tickets.", **{"zh-Hans": "我们保存您的车票。"})
    granted(world)
    edge.poll()
    events = phone.run("--want", program)
    assert (names(events)[-1], phone.status) == ("agreement", 1)
    assert (events[-1]["text"], events[-1]["url"]) == ("We keep your tickets.", "https://harbour.example.com/privacy")
    assert phone.run("--offline", "--language", "zh-Hans")[-1]["text"] == "我们保存您的车票。"
    assert asks(phone, "--reach", f"{program}=https://api.example.com/") == [("kept_in", "")]  # it does not run yet
    assert names(phone.run("--offline", "--agree", program)) == ["agreement", "agreed", "opened"]
    assert asks(phone, "--reach", f"{program}=https://api.example.com/") == [("let_out", "")]
    assert "agreement_told" in names(phone.run())  # kept until there was a network
    assert "agreement_told" not in names(phone.run())
    (told,) = [record for kind, record in edge.notes.appended if kind == PRIVACY_ACCEPTED]
    assert (told["program"], told["version"]) == (program, 1)
    agreement(world, en="For two years.")
    edge.poll()
    assert phone.run()[-1]["text"] == "For two years."
    assert phone.status == 1


def test_what_was_accepted_is_told_until_an_answer_comes(
    world: World, edge: LiveEdge, phone: Phone, program: str, liar: Liar
) -> None:
    agreement(world, en="We keep your tickets.")
    edge.poll()
    phone.run("--want", program)
    liar.lie = lambda path, true: Answer(500, b"{}") if path == "/v1/privacy/accept" else None
    assert names(phone.run("--agree", program))[-2:] == ["opened", "server"]
    liar.lie = lambda path, true: Answer(429, b"{}", {"retry-after": "900"}) if path == "/v1/privacy/accept" else None
    assert names(phone.run())[-1] == "busy"
    assert names(phone.run()) == ["holds", "opened"]
    assert phone.state["untold"] == [{"program": program, "version": 1}]
