"""Signing in and out, the language, the password that somebody else chose."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity import services
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from tests.console.desk import PASSWORD, Desk


@pytest.fixture
def visitor() -> Client:
    return Client()


def sign_in(client: Client, desk: Desk, password: str = PASSWORD, **more: str):
    email = desk.account(Role.OPERATOR).email
    return client.post(reverse("console:sign-in"), {"email": email, "password": password, **more})


def test_a_visitor_is_sent_to_sign_in_and_brought_back(desk: Desk, visitor: Client):
    wanted = desk.url("programs")
    asked = visitor.get(wanted)
    assert asked.url == f"/sign-in?next={wanted.replace('/', '%2F')}"
    assert visitor.get(asked.url).context["next"] == wanted
    assert sign_in(visitor, desk, next=wanted).url == wanted
    assert visitor.get(wanted).status_code == 200


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(desk: Desk, visitor: Client, wanted: str):
    assert sign_in(visitor, desk, next=wanted).url == "/"


def test_a_wrong_password_says_nothing_about_the_account(desk: Desk, visitor: Client):
    wrong = sign_in(visitor, desk, "not the password").content.decode()
    unknown = visitor.post("/sign-in", {"email": "nobody@example.com", "password": "x"}).content.decode()
    message = "The e-mail address or the password is wrong."
    assert message in wrong
    assert message in unknown
    assert visitor.get("/").status_code == 302


def test_guessing_locks_even_the_right_password_out(desk: Desk, visitor: Client):
    for _attempt in range(5):
        sign_in(visitor, desk, "guess")
    answer = sign_in(visitor, desk)
    assert answer.status_code == 429
    assert "Too many failed attempts" in answer.content.decode()


def test_the_only_workspace_opens_by_itself_and_several_are_offered(desk: Desk):
    assert desk.admin.get("/").url == desk.url("overview")
    assert desk.as_(Role.AUDITOR).get("/").url == desk.url("audit")
    other = Desk.make("Second")
    services.create_member(
        actor=system(other.workspace), email=desk.account(Role.ADMIN).email, name="x", roles=["auditor"]
    )
    page = desk.admin.get("/").content.decode()
    assert desk.workspace.name in page
    assert other.workspace.name in page
    assert desk.admin.get(other.url("enter")).url == other.url("audit")


def test_signing_out_ends_the_session(desk: Desk):
    client = desk.as_(Role.OPERATOR)
    assert client.get("/sign-out").status_code == 405
    client.post("/sign-out")
    assert client.get(desk.url("overview")).status_code == 302


def test_a_polling_part_sends_the_whole_page_to_sign_in(desk: Desk, visitor: Client):
    answer = visitor.get(desk.url("activity"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/sign-in")


def test_the_language_is_a_choice_that_stays(desk: Desk, visitor: Client):
    assert "登录" in visitor.get("/sign-in", headers={"Accept-Language": "zh-CN"}).content.decode()
    client = desk.as_(Role.ADMIN)
    answer = client.post("/language", {"language": "zh-hans", "next": desk.url("members")})
    assert answer.url == desk.url("members")
    page = client.get(answer.url).content.decode()
    assert '<html lang="zh-hans">' in page
    assert "添加成员" in page
    # The next browser of the same person speaks it too.
    visitor.post("/sign-in", {"email": desk.account(Role.ADMIN).email, "password": PASSWORD})
    assert "添加成员" in visitor.get(desk.url("members")).content.decode()
    assert client.post("/language", {"language": "klingon", "next": "//evil.example"}).url == "/"


def test_a_handed_out_password_opens_nothing_but_its_change(desk: Desk):
    account = desk.account(Role.DEVELOPER)
    account.must_change_password = True
    account.save()
    client = desk.as_(Role.DEVELOPER)
    assert client.get(desk.url("overview")).url == "/account"
    assert client.post(desk.url("program-new"), {"name": "x"}).url == "/account"
    assert client.get("/").url == "/account"
    new = "quite another phrase"
    refused = client.post("/account", {"current": PASSWORD, "new": new, "again": new + "!"})
    assert refused.status_code == 400
    wrong = client.post("/account", {"current": "wrong", "new": new, "again": new})
    assert "the current password is wrong" in wrong.content.decode()
    assert client.post("/account", {"current": PASSWORD, "new": new, "again": new}).url == "/account"
    assert client.get(desk.url("overview")).status_code == 200
    told = audit.entries(desk.workspace, action="account.password_changed").get()
    assert (told.address, told.person_id) == ("127.0.0.1", account.pk)
    assert told.request_id


def test_cookies_are_host_only_and_out_of_reach_of_scripts(desk: Desk, visitor: Client):
    sign_in(visitor, desk)
    visitor.get(desk.url("overview"))
    for name in ("ferry-session", "ferry-csrf"):
        cookie = visitor.cookies[name]
        assert cookie["domain"] == ""
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
