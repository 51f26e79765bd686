"""Mini-program login: from a verified user on a device to names at the program's own server, exactly once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from ferry.kernel import clock
from ferry.kernel.errors import Invalid, NotAllowed, RateLimited
from ferry.kernel.limits import Limiter
from miniapps import services
from miniapps.login import codes
from miniapps.login.errors import AppSecretFrozen, AppSecretInvalid, LoginCodeInvalid, LoginCodeUsed, NoAppSecret
from miniapps.models import MiniProgram, UsedLoginCode
from miniapps.selectors.login import live_secrets
from miniapps.services import login
from tests.world import World

URL = "/api/v1/mini-program-login/session"


@pytest.fixture(autouse=True)
def _own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are of a process; these tests are many processes in one."""
    monkeypatch.setattr(login, "by_address", Limiter(100, 400))
    monkeypatch.setattr(login, "by_program", Limiter(50, 200))


def a_code(world: World, user: str = "anna", *, program: str = "", environment: str = "production") -> str:
    made: dict[str, Any] = {
        "workspace_id": world.workspace.pk,
        "host_app_id": world.host_app.pk,
        "environment": environment,
        "program_id": program or world.program.program_id,
        "user": user,
        "now": clock.now().timestamp(),
    }
    return codes.new_code(**made)


def a_secret(world: World, program: MiniProgram | None = None) -> str:
    return services.rotate_app_secret(actor=world.developer, program=program or world.program).plain


def exchange(world: World, secret: str, code: str, *, program: str = "") -> services.LoginSession:
    return services.exchange_login_code(
        program_id=program or world.program.program_id, secret=secret, code=code, address="203.0.113.9"
    )


def test_a_user_has_one_name_per_program_and_one_for_the_workspace(world):
    other = services.create_program(actor=world.developer, name="Tickets", program_id="tickets")
    here, there = a_secret(world), a_secret(world, other)
    anna = exchange(world, here, a_code(world))
    again = exchange(world, here, a_code(world))
    elsewhere = exchange(world, there, a_code(world, program="tickets"), program="tickets")
    ben = exchange(world, here, a_code(world, "ben"))
    assert (anna.openid, anna.unionid) == (again.openid, again.unionid)
    assert anna.unionid == elsewhere.unionid
    assert len({anna.openid, elsewhere.openid, ben.openid}) == 3  # two programs cannot put them together
    assert ben.unionid != anna.unionid
    assert "anna" not in anna.openid + anna.unionid


def test_test_and_production_know_different_users(world):
    """Developers hold the keys of test apps and can sign in as anybody there."""
    secret = a_secret(world)
    real = exchange(world, secret, a_code(world))
    tried = exchange(world, secret, a_code(world, environment="test"))
    assert real.openid != tried.openid
    assert real.unionid != tried.unionid


def test_two_workspaces_share_no_names(world):
    other = World.make("Other")
    assert (
        exchange(world, a_secret(world), a_code(world)).unionid
        != exchange(other, a_secret(other), a_code(other)).unionid
    )


def test_a_code_says_nothing_and_cannot_be_changed(world):
    code = a_code(world)
    assert "anna" not in code
    secret = a_secret(world)
    for wrong in (code[:-4] + "AAAA", code[3:], "lc_", "lc_nonsense", "x" * 2000, "lc_é"):
        with pytest.raises(LoginCodeInvalid):
            exchange(world, secret, wrong)


def test_a_code_lives_five_minutes(world):
    secret = a_secret(world)
    at = clock.now()
    code = a_code(world)
    with clock.frozen(at + timedelta(seconds=301)), pytest.raises(LoginCodeInvalid):
        exchange(world, secret, code)
    with clock.frozen(at + timedelta(seconds=299)):
        assert exchange(world, secret, code).environment == "production"


def test_a_code_is_good_for_its_own_program_and_workspace(world):
    other = services.create_program(actor=world.developer, name="Tickets", program_id="tickets")
    stranger = World.make("Other")
    services.create_program(actor=stranger.developer, name="Same id", program_id="tickets")
    code = a_code(world, program="tickets")
    with pytest.raises(LoginCodeInvalid):
        exchange(world, a_secret(world), code)
    with pytest.raises(AppSecretInvalid):
        exchange(world, a_secret(world), code, program="tickets")  # the secret of another program
    twin = MiniProgram.objects.of(stranger.workspace).get(program_id="tickets")
    with pytest.raises(LoginCodeInvalid):
        exchange(stranger, a_secret(stranger, twin), code, program="tickets")
    assert exchange(world, a_secret(world, other), code, program="tickets").unionid


def test_a_code_is_used_once(world):
    secret, code = a_secret(world), a_code(world)
    exchange(world, secret, code)
    with pytest.raises(LoginCodeUsed):
        exchange(world, secret, code)


def test_a_wrong_secret_uses_up_no_code(world):
    secret, code = a_secret(world), a_code(world)
    for wrong in ("", "fms_", secret[:-1] + ("a" if secret[-1] != "a" else "b"), "ft_" + secret[4:]):
        with pytest.raises(AppSecretInvalid):
            exchange(world, wrong, code)
    assert exchange(world, secret, code).openid


def test_rotation_keeps_the_old_secret_for_the_overlap(world):
    old = a_secret(world)
    new = services.rotate_app_secret(actor=world.developer, program=world.program, overlap=timedelta(hours=2))
    assert len(live_secrets(world.program)) == 2
    assert exchange(world, old, a_code(world)).openid == exchange(world, new.plain, a_code(world)).openid
    with clock.frozen(clock.now() + timedelta(hours=2, seconds=1)):
        with pytest.raises(AppSecretInvalid):
            exchange(world, old, a_code(world))
        assert exchange(world, new.plain, a_code(world))
    third = a_secret(world)  # without an overlap: what leaked is over at once
    for gone in (old, new.plain):
        with pytest.raises(AppSecretInvalid):
            exchange(world, gone, a_code(world))
    assert exchange(world, third, a_code(world))
    with pytest.raises(Invalid):
        services.rotate_app_secret(actor=world.developer, program=world.program, overlap=timedelta(hours=25))


def test_a_frozen_secret_opens_nothing_until_it_is_unfrozen(world):
    with pytest.raises(NoAppSecret):
        services.freeze_app_secret(actor=world.developer, program=world.program)
    secret = a_secret(world)
    services.freeze_app_secret(actor=world.developer, program=world.program)
    with pytest.raises(AppSecretFrozen):
        exchange(world, secret, a_code(world))
    with pytest.raises(AppSecretFrozen):
        a_secret(world)  # whoever rotates a frozen secret would thaw it unseen
    services.unfreeze_app_secret(actor=world.developer, program=world.program)
    assert exchange(world, secret, a_code(world)).openid


def test_a_reviewer_has_no_hand_in_secrets(world):
    for act in (services.rotate_app_secret, services.freeze_app_secret, services.unfreeze_app_secret):
        with pytest.raises(NotAllowed):
            act(actor=world.reviewer, program=world.program)


def test_who_guesses_is_soon_told_to_wait(world, monkeypatch):
    monkeypatch.setattr(login, "by_address", Limiter(0.001, 400))  # it does not fill again while this runs
    secret = a_secret(world)
    for _ in range(20):  # of twenty tokens each; the address may have 400 at once
        with pytest.raises(AppSecretInvalid):
            exchange(world, "fms_" + "0" * 12 + "_" + "0" * 40, "lc_x")
    with pytest.raises(RateLimited):  # whatever it sends
        exchange(world, secret, a_code(world))
    session = services.exchange_login_code(
        program_id=world.program.program_id, secret=secret, code=a_code(world), address="198.51.100.1"
    )
    assert session.openid


def test_used_codes_are_forgotten_when_they_could_not_be_used_anyway(world):
    exchange(world, a_secret(world), a_code(world))
    assert services.sweep_login_codes() == 0
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert services.sweep_login_codes() == 1
    assert not UsedLoginCode.objects.of(world.workspace).exists()


@pytest.mark.django_db(transaction=True)
def test_two_exchangers_of_one_code_and_one_session():
    """The unique index decides, on PostgreSQL by making the second insert wait for the first."""
    world = World.make()
    secret, code = a_secret(world), a_code(world)
    together, results = threading.Barrier(8), []

    def run() -> None:
        together.wait()
        try:
            results.append(exchange(world, secret, code))
        except LoginCodeUsed as used:
            results.append(used)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert sum(isinstance(each, services.LoginSession) for each in results) == 1
    assert UsedLoginCode.objects.of(world.workspace).count() == 1
    connection.close()


def test_the_door_takes_a_form_or_json_and_gives_what_rfc_6749_names(world):
    secret = a_secret(world)

    def body() -> dict[str, str]:
        return {
            "grant_type": "authorization_code",
            "client_id": world.program.program_id,
            "client_secret": secret,
            "code": a_code(world),
        }

    form = Client().post(URL, "&".join(f"{k}={v}" for k, v in body().items()), "application/x-www-form-urlencoded")
    assert form.status_code == 200, form.content
    assert form["Cache-Control"] == "no-store"
    sent = Client().post(URL, body(), "application/json")
    assert sent.json() == form.json()
    assert sent.json().keys() == {"openid", "unionid", "host_app", "environment", "expires_in"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"client_secret": "fms_wrong"}, 401, "app_secret_invalid"),
        ({"client_id": "other"}, 401, "app_secret_invalid"),
        ({"code": "lc_wrong"}, 400, "login_code_invalid"),
        ({"code": None}, 400, "invalid"),
        ({"grant_type": "password"}, 400, "invalid"),
        ({"scope": "all"}, 400, "invalid"),
        ({"client_id": "a\x00b"}, 400, "malformed"),
    ],
)
def test_the_door_refuses_in_ferrys_words(world, change, status, code):
    body = {"client_id": world.program.program_id, "client_secret": a_secret(world), "code": a_code(world), **change}
    answer = Client().post(URL, {name: value for name, value in body.items() if value is not None}, "application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
