"""Signing in: the right password opens, and guessing does not pay."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.utils import timezone

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity import services, signin
from ferry.kernel.identity.errors import SignInLocked, SignInRefused
from ferry.kernel.identity.models import Account

PASSWORD = "correct horse battery"


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed."""

    calls: ClassVar[int] = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).calls += 1
        return super().encode(password, salt)


def request_from(address: str = "203.0.113.7"):
    request = RequestFactory().post("/sign-in", {"email": "x", "password": "secret"}, REMOTE_ADDR=address)
    request.session = SessionStore()
    return request


@pytest.fixture
def ada(office) -> Account:
    member = office.hire("ada@harbour.example", "admin")
    account = Account.objects.get(pk=member.account_id)
    account.set_password(PASSWORD)
    account.save()
    return account


def test_the_right_password_opens_a_new_session_and_leaves_a_trace(office, ada):
    request = request_from()
    request.session["fixed"] = 1
    request.session.save()
    planted = request.session.session_key
    assert signin.sign_in(request, email=" Ada@Harbour.example ", password=PASSWORD) == ada
    assert request.session.session_key != planted
    entry = audit.entries(office.workspace, action="session.started").get()
    assert (entry.person_id, entry.address) == (ada.id, "203.0.113.7")
    signin.sign_out(request)
    assert "_auth_user_id" not in request.session


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@harbour.example", "wrong"),
        ("ada@harbour.example", ""),
        ("ada@harbour.example", "x" * 100_000),
        ("ada@harbour.example", "\0"),
        ("nobody@harbour.example", PASSWORD),
        ("ada@harbour.example\0", PASSWORD),
        ("x" * 5000 + "@harbour.example", PASSWORD),
        ("", PASSWORD),
    ],
)
def test_everything_else_gets_one_answer(ada, email, password):
    with pytest.raises(SignInRefused) as refused:
        signin.sign_in(request_from(), email=email, password=password)
    assert refused.value.details == {}


def test_a_closed_account_is_refused_and_its_session_ends(ada):
    from ferry.kernel.identity.backends import LocalAccountBackend

    assert LocalAccountBackend().get_user(ada.pk) == ada
    ada.is_active = False
    ada.save()
    with pytest.raises(SignInRefused):
        signin.sign_in(request_from(), email=ada.email, password=PASSWORD)
    assert LocalAccountBackend().get_user(ada.pk) is None


def test_an_account_of_another_issuer_has_no_password_here(ada):
    ada.issuer = "https://sso.example"
    ada.save()
    with pytest.raises(SignInRefused):
        signin.sign_in(request_from(), email=ada.email, password=PASSWORD)


def test_guessing_one_account_from_one_address_locks_that_pair_alone(office, ada, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        with pytest.raises(SignInRefused):
            signin.sign_in(request_from(), email=ada.email, password="guess")
    with pytest.raises(SignInLocked):
        signin.sign_in(request_from(), email=ada.email, password="guess")
    with pytest.raises(SignInLocked):
        signin.sign_in(request_from(), email=ada.email.upper(), password=PASSWORD)
    assert signin.sign_in(request_from("198.51.100.1"), email=ada.email, password=PASSWORD) == ada
    bob = office.hire("bob@harbour.example", "developer")
    password = services.reset_password(actor=office.platform, member=bob)
    assert signin.sign_in(request_from(), email="bob@harbour.example", password=password)


def test_a_lock_opens_by_itself(ada, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        with pytest.raises((SignInRefused, SignInLocked)):
            signin.sign_in(request_from(), email=ada.email, password="guess")
    AccessAttempt.objects.update(attempt_time=timezone.now() - signin.WINDOW - timedelta(seconds=1))
    assert signin.sign_in(request_from(), email=ada.email, password=PASSWORD) == ada


def test_trying_many_accounts_from_one_address_is_stopped(ada, monkeypatch):
    monkeypatch.setattr(signin, "PER_ADDRESS", 6)
    for number in range(6):
        with pytest.raises(SignInRefused):
            signin.sign_in(request_from(), email=f"user{number}@harbour.example", password="guess")
    with pytest.raises(SignInLocked):
        signin.sign_in(request_from(), email=ada.email, password=PASSWORD)
    assert signin.sign_in(request_from("198.51.100.1"), email=ada.email, password=PASSWORD) == ada


def test_trying_one_account_from_many_addresses_is_stopped(ada, monkeypatch):
    monkeypatch.setattr(signin, "PER_ACCOUNT", 6)
    for number in range(6):
        with pytest.raises(SignInRefused):
            signin.sign_in(request_from(f"203.0.113.{number}"), email=ada.email, password="guess")
    with pytest.raises(SignInLocked):
        signin.sign_in(request_from("198.51.100.1"), email=ada.email, password=PASSWORD)


def test_the_header_of_a_stranger_does_not_move_the_counter(ada, settings):
    """Otherwise every guess would come from another invented address."""
    for number in range(settings.AXES_FAILURE_LIMIT):
        request = request_from()
        request.META["HTTP_X_FORWARDED_FOR"] = f"192.0.2.{number}"
        with pytest.raises((SignInRefused, SignInLocked)):
            signin.sign_in(request, email=ada.email, password="guess")
    with pytest.raises(SignInLocked):
        signin.sign_in(request_from(), email=ada.email, password=PASSWORD)


def test_time_does_not_tell_who_exists(ada, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    ada.set_password(PASSWORD)
    ada.save()
    costs = []
    for email in (ada.email, "nobody@harbour.example"):
        CountingHasher.calls = 0
        with pytest.raises(SignInRefused):
            signin.sign_in(request_from(), email=email, password="guess")
        costs.append(CountingHasher.calls)
    assert costs == [1, 1]


def test_no_password_is_written_into_the_counters(ada):
    with pytest.raises(SignInRefused):
        signin.sign_in(request_from(), email=ada.email, password="secret")
    assert "secret" not in str(list(AccessAttempt.objects.values()))
