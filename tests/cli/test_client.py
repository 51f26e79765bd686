"""Who the client is, and how it behaves when the platform is busy or away."""

from __future__ import annotations

import io
import json
import stat

import httpx
import pytest

from ferry.cli import commands, profile
from ferry.cli.api import Api
from ferry.cli.errors import NotAllowed, NotReached, NotSignedIn, Refused, RuleRefused, Usage
from ferry.cli.main import main
from ferry.cli.profile import Profile

MINE = Profile("https://ferry.example", "ft_secret")


def api(answers, slept=None):
    """An API whose platform gives these answers, one after the other."""
    given = iter(answers)
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        found = next(given)
        if isinstance(found, Exception):
            raise found
        return found

    made = Api(MINE, transport=httpx.MockTransport(answer), sleep=[].append if slept is None else slept.append)
    return made, seen


def test_a_profile_is_readable_by_its_owner_only(tmp_path):
    kept = profile.save(MINE, {"HOME": str(tmp_path)})
    assert kept == tmp_path / ".config" / "ferry" / "profile.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert profile.load({"HOME": str(tmp_path)}) == MINE


def test_the_environment_goes_first_and_its_token_to_its_own_site_only(tmp_path):
    home = {"HOME": str(tmp_path)}
    profile.save(MINE, home)
    both = home | {"FERRY_TOKEN": "ft_ci", "FERRY_SITE_URL": "https://other.example/"}
    assert profile.load(both) == Profile("https://other.example", "ft_ci")
    with pytest.raises(Usage):
        profile.load(home | {"FERRY_TOKEN": "ft_ci"})
    with pytest.raises(NotSignedIn):
        profile.load(home | {"FERRY_SITE_URL": "https://other.example"})


@pytest.mark.parametrize("token", ["ft_one\nft_two", "ft_one two", "ft_é", "\x7f"])
def test_what_is_no_token_is_refused_without_being_repeated(token, tmp_path, capsys):
    with pytest.raises(Usage) as refused:
        profile.load({"FERRY_TOKEN": token, "FERRY_SITE_URL": "https://other.example"})
    assert token not in str(refused.value)
    assert main(["login", "--site", "https://other.example", "--token", token]) == 2
    assert token not in capsys.readouterr().err


@pytest.mark.parametrize("site", ["http://[::1", "https://ferry.example:port", "https://ferry.example:99999", "ferry"])
def test_what_is_no_address_of_a_site_is_refused(site):
    with pytest.raises(Usage, match="is not the address"):
        profile.site(site)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"site": "x"}', '{"site": 1, "token": "t"}'])
def test_a_damaged_profile_is_no_profile(tmp_path, content):
    home = {"HOME": str(tmp_path)}
    profile.save(MINE, home).write_text(content)
    with pytest.raises((NotSignedIn, Usage)):
        profile.load(home)


def test_login_keeps_only_a_token_that_works(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    me = {"name": "robot", "workspace": {"name": "Harbour"}}
    answers = iter(
        [httpx.Response(401, json={"error": {"message": "Send a valid token."}}), httpx.Response(200, json=me)]
    )
    transport = httpx.MockTransport(lambda request: next(answers))
    monkeypatch.setattr(commands, "Api", lambda chosen, **how: Api(chosen, transport=transport))
    arguments = ["login", "--site", "https://ferry.example/", "--token", "ft_secret"]
    assert main(arguments) == 3
    assert not list(tmp_path.iterdir())
    assert main(arguments) == 0
    assert json.loads((tmp_path / "ferry" / "profile.json").read_text()) == {"site": MINE.site, "token": MINE.token}
    assert "ft_secret" not in capsys.readouterr().out


def test_a_busy_platform_is_asked_again_with_the_same_idempotency_key():
    slept: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": "3"}, json={"error": {"message": "Later."}})
    made, seen = api([busy, httpx.ConnectError("refused"), httpx.Response(201, json={"id": "1"})], slept)
    assert made.post("releases", {}) == {"id": "1"}
    assert slept == [3.0, 4.0]
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1


def test_an_upload_starts_again_from_its_first_byte():
    made, seen = api([httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(201, json={})])
    told: list[tuple[int, int]] = []
    made.upload(
        "mini-programs/1/versions", io.BytesIO(b"zip" * 200_000), {}, lambda done, total: told.append((done, total))
    )
    assert [request.content for request in seen] == [b"zip" * 200_000] * 2
    assert told[-1] == (600_000, 600_000)
    assert {request.headers["Content-Length"] for request in seen} == {"600000"}


def test_a_platform_that_stays_away_is_given_up():
    made, seen = api([httpx.ConnectError("refused")] * 9)
    with pytest.raises(NotReached):
        made.get("me")
    assert len(seen) == 4


def test_a_long_wait_is_reported_instead_of_waited_for():
    made, seen = api([httpx.Response(429, headers={"Retry-After": "900"}, json={"error": {"message": "Locked."}})])
    with pytest.raises(NotReached, match="Locked"):
        made.get("me")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"),
    [
        (422, "package_refused", Refused, 1),
        (422, "export_refused", Refused, 1),
        (400, "invalid", Usage, 2),
        (404, "not_found", Usage, 2),
        (401, "unauthenticated", NotAllowed, 3),
        (403, "not_allowed", NotAllowed, 3),
        (500, "", NotReached, 4),
        (409, "version_not_approved", RuleRefused, 5),
        (403, "own_work", RuleRefused, 5),
    ],
)
def test_each_answer_has_its_exit(status, code, kind, exit_code):
    made, _ = api([httpx.Response(status, json={"error": {"code": code, "message": "Because."}})] * 4)
    with pytest.raises(kind, match="Because") as ended:
        made.get("me")
    assert (ended.value.exit_code, ended.value.code) == (exit_code, code)


def test_what_is_no_ferry_site_is_said_so():
    made, _ = api([httpx.Response(200, text="<html>")])
    with pytest.raises(NotReached, match="not the address of a Ferry site"):
        made.get("me")


@pytest.mark.parametrize(("spoken", "language"), [("zh_CN.UTF-8", "zh-hans"), ("de_DE.UTF-8", "en"), ("", "en")])
def test_the_platforms_sentences_come_in_the_terminals_language(spoken, language):
    assert commands.language({"LANG": spoken}) == language
