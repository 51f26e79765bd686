"""`manage.py bootstrap` and `create_admin`: what automation and the first start stand on."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Unauthenticated
from ferry.kernel.identity import keys, selectors, services
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.bootstrap import bootstrap
from ferry.kernel.identity.models import Account, ApiToken, HostApp, HostAppKey, Workspace
from ferry.kernel.identity.rights import ROLE_RIGHTS, Role
from ferry.kernel.publishing import selectors as published
from tests.together import together


def run(**options: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("bootstrap", workspace="Harbour", app="Harbour Go", json=True, stdout=out, **options)
    (line,) = out.getvalue().splitlines()
    return json.loads(line)


def test_everything_automation_needs(db):
    made = run()
    assert made["workspace"] == "harbour"
    assert made["host_app"].keys() == {"id", "number", "app_key", "environment"}
    assert made["host_app"]["environment"] == "production"
    assert made["user_token_key"].keys() == {"kid", "alg", "secret"}
    assert made["token"] == made["tokens"]["admin"]
    assert made["edge_url"].startswith("http")
    assert made["site_url"].startswith("http")
    people = set()
    for role, plain in made["tokens"].items():
        actor = selectors.find_token(plain)
        assert actor.rights == ROLE_RIGHTS[Role(role)]
        people.add(actor.person_id)
    assert len(people) == len(made["tokens"]), "one robot would approve what it uploaded"


def test_a_repeat_prints_the_same_and_changes_nothing(db):
    first = run()
    workspace = Workspace.objects.get(slug="harbour")
    state = audit.entries(workspace).count(), published.manifest(first["host_app"]["id"])
    assert run() == first
    assert (audit.entries(workspace).count(), published.manifest(first["host_app"]["id"])) == state


def test_no_secret_is_stored_in_clear(db):
    made = run()
    secret_parts = [
        made["server_key"][3:],
        made["user_token_key"]["secret"],
        *(t[16:] for t in made["tokens"].values()),
    ]
    workspace = Workspace.objects.get(slug="harbour")
    rows = [
        *HostAppKey.objects.of(workspace).values(),
        *ApiToken.objects.of(workspace).values(),
        *audit.entries(workspace).values(),
    ]
    assert not any(secret in str(row) for secret in secret_parts for row in rows)


def test_the_test_twin_shares_tokens_and_has_its_own_keys(db):
    production, test = run(), run(environment="test")
    assert test["host_app"]["environment"] == "test"
    assert test["host_app"]["app_key"] != production["host_app"]["app_key"]
    assert test["server_key"] != production["server_key"]
    assert test["user_token_key"] != production["user_token_key"]
    assert test["tokens"] == production["tokens"]


def test_what_was_revoked_is_replaced_and_not_revived(db):
    first = run()
    workspace = Workspace.objects.get(slug="harbour")
    actor = system(workspace)
    host_app = selectors.host_app(workspace, first["host_app"]["id"])
    services.revoke_token(actor=actor, token=selectors.token(workspace, selectors.find_token(first["token"]).id))
    for key in selectors.host_app_keys(host_app):
        services.revoke_key(actor=actor, key=key)
    second = run()
    assert second["token"] != first["token"]
    assert second["server_key"] != first["server_key"]
    assert second["user_token_key"]["secret"] != first["user_token_key"]["secret"]
    assert second["tokens"]["developer"] == first["tokens"]["developer"]
    assert run() == second
    with pytest.raises(Unauthenticated):
        selectors.find_token(first["token"])


def test_a_token_that_only_bears_the_name_is_not_taken_for_ours(db):
    workspace = services.create_workspace(name="Harbour")
    services.create_token(actor=system(workspace), name="bootstrap admin", roles=["auditor"])
    assert selectors.find_token(run()["token"]).rights == ROLE_RIGHTS[Role.ADMIN]


def test_origins_are_added_and_never_taken_away(db):
    run(cors_origin=["http://localhost:5173"])
    made = run(cors_origin=["http://127.0.0.1:8003", "http://localhost:5173"])
    app = HostApp.objects.of(Workspace.objects.get()).get(pk=made["host_app"]["id"])
    assert app.cors_origins == ["http://localhost:5173", "http://127.0.0.1:8003"]


def test_names_without_a_latin_letter_do_not_share_a_workspace(db):
    one, two = bootstrap(workspace="渡口", app="Go"), bootstrap(workspace="港口", app="Go")
    assert one["workspace"] != two["workspace"]
    assert bootstrap(workspace="渡口", app="Go") == one


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("there", [False, True], ids=["nothing is there", "the host app is there"])
def test_at_one_moment_from_several_places(there):
    if there:
        services.create_host_app(actor=system(services.create_workspace(name="Harbour")), name="Go")
    results = together(*[lambda: bootstrap(workspace="Harbour", app="Go")] * 4)
    assert all(result == results[0] for result in results), results
    workspace = Workspace.objects.get()
    assert selectors.tokens(workspace).count() == len(Role)
    assert selectors.host_app_keys(selectors.host_apps(workspace).get()).count() == 2


def test_a_bad_name_is_a_message_and_no_traceback(db):
    with pytest.raises(CommandError, match="name"):
        call_command("bootstrap", workspace=" ", app="Go", json=True)
    assert not Workspace.objects.exists()


def create_admin(**options: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("create_admin", email="root@h.example", json=True, stdout=out, **options)
    return json.loads(out.getvalue())


def test_the_first_administrator_gets_a_password_once(db):
    made = create_admin()
    account = Account.objects.get(subject="root@h.example")
    assert account.check_password(made["one_time_password"])
    assert selectors.member_actor(account=account, slug=made["workspace"]).rights == ROLE_RIGHTS[Role.ADMIN]
    assert create_admin()["one_time_password"] is None, "a repeat must not lock the administrator out"
    again = create_admin(new_password=True)
    account.refresh_from_db()
    assert account.check_password(again["one_time_password"])


def test_the_start_of_an_empty_platform_makes_one_administrator_and_later_starts_none(db, root):
    (line,) = [line for line in (root / "script/server").read_text().splitlines() if "create_admin" in line]
    options = line.split("create_admin ")[1].split()
    first, second = io.StringIO(), io.StringIO()
    call_command("create_admin", *options, stdout=first)
    call_command("create_admin", *options, stdout=second)
    account = Account.objects.get()
    assert account.email in first.getvalue()
    assert account.check_password(first.getvalue().split()[-1])
    assert second.getvalue() == ""


def test_the_command_raises_a_member_to_administrator(db):
    workspace = Workspace.objects.get(slug=create_admin()["workspace"])
    made = services.create_member(
        actor=system(workspace), email="bob@h.example", name="Bob", roles=["developer", "analyst"]
    )
    call_command("create_admin", email="bob@h.example", stdout=io.StringIO())
    made.member.refresh_from_db()
    assert set(made.member.roles) == {"admin", "developer", "analyst"}


def test_seeds_give_the_same_credential_and_different_ones_differ():
    assert keys.api_token(b"a" * 32) == keys.api_token(b"a" * 32)
    made = [keys.api_token(bytes([number]) * 32).plain for number in range(100)]
    assert len(set(made)) == len({plain[:15] for plain in made}) == 100
    assert all(keys.looks_like_token(plain) for plain in made)
    assert keys.api_token() != keys.api_token()
