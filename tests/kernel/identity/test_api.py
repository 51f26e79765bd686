"""Identity through its API: as an administrator, as each role, as another tenant."""

from __future__ import annotations

import pytest

from ferry.kernel.identity import selectors
from ferry.kernel.identity.rights import ROLE_RIGHTS, Right, Role
from tests.kernel.office import Office


def test_a_token_knows_itself(office):
    me = office.call("get", "/me", role="reviewer").json()
    assert me["kind"] == "token"
    assert me["rights"] == ["permissions.grant", "versions.review", "view"]
    assert me["workspace"] == {
        "id": office.workspace.id,
        "name": "Harbour",
        "slug": "harbour",
    }
    assert me["person_id"] == f"robot:{me['id']}"


def test_the_life_of_a_member(office):
    office.hire("root@h.example", "admin")
    made = office.call("post", "/members", {"email": "ada@h.example", "name": "Ada", "roles": ["admin"]})
    assert made.status_code == 201
    member = made.json()
    assert member["one_time_password"]
    assert made["Location"] == f"/api/v1/members/{member['id']}"
    listed = office.call("get", "/members").json()["items"]
    assert [each["email"] for each in listed] == ["ada@h.example", "root@h.example"]
    assert "one_time_password" not in listed[0]
    changed = office.call("patch", f"/members/{member['id']}", {"roles": ["developer"], "active": False}).json()
    assert (changed["roles"], changed["active"]) == (["developer"], False)
    again = office.call("patch", f"/members/{member['id']}", {"active": True}).json()
    assert (again["roles"], again["active"]) == (["developer"], True)


def test_half_a_change_is_none(office):
    """Roles and membership in one request: when the second is refused, the first has not happened."""
    ada = office.hire("ada@h.example", "admin")
    answer = office.call("patch", f"/members/{ada.id}", {"roles": ["admin", "developer"], "active": False})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_admin")
    assert office.call("get", f"/members/{ada.id}").json()["roles"] == ["admin"]


def test_the_life_of_a_token(office):
    made = office.call(
        "post",
        "/tokens",
        {"name": "ci", "roles": ["developer"], "days": 7, "allowed_networks": ["127.0.0.0/8", "::1"]},
    )
    assert made.status_code == 201
    token = made.json()
    assert office.call("get", "/me", token=token["token"]).json()["id"] == token["id"]
    shown = office.call("get", f"/tokens/{token['id']}").json()
    assert "token" not in shown
    assert shown["last_used_at"]
    assert token["token"].startswith(shown["prefix"])
    assert office.call("delete", f"/tokens/{token['id']}").status_code == 204
    assert office.call("delete", f"/tokens/{token['id']}").status_code == 204
    assert office.call("get", "/me", token=token["token"]).status_code == 401


def test_a_token_bound_to_elsewhere_does_not_open_here(office):
    made = office.call("post", "/tokens", {"name": "x", "roles": ["admin"], "allowed_networks": ["203.0.113.0/24"]})
    assert office.call("get", "/me", token=made.json()["token"]).status_code == 401


def test_the_life_of_a_host_app_and_its_keys(office):
    app = office.call("post", "/host-apps", {"name": "Go", "environment": "test", "platforms": ["web"]}).json()
    assert (app["environment"], app["platforms"]) == ("test", ["web"])
    same = office.call("post", "/host-apps", {"name": "Go", "environment": "test"})
    assert (same.status_code, same.json()["error"]["code"]) == (409, "host_app_exists")
    changed = office.call("patch", f"/host-apps/{app['id']}", {"cors_origins": ["http://localhost:1"], "active": False})
    assert (changed.json()["cors_origins"], changed.json()["active"]) == (["http://localhost:1"], False)
    keys = f"/host-apps/{app['id']}/keys"
    server = office.call("post", keys, {"kind": "server", "name": "shop"}).json()
    assert server["secret"].startswith("fs_")
    shared = office.call("post", keys, {"kind": "user_token", "name": "sso"}).json()
    assert (shared["alg"], bool(shared["secret"]), bool(shared["kid"])) == ("HS256", True, True)
    wrong = office.call("post", keys, {"kind": "user_token", "name": "sso", "alg": "ES256", "public_pem": "x"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "key_invalid")
    odd = office.call("post", keys, {"kind": "server", "name": "sso", "alg": "ES256"})
    assert (odd.status_code, odd.json()["error"]["code"]) == (400, "invalid")
    listed = office.call("get", keys).json()["items"]
    assert [key["id"] for key in listed] == [shared["id"], server["id"]]
    assert not any("secret" in key for key in listed)
    assert office.call("delete", f"{keys}/{server['id']}").status_code == 204
    assert office.call("get", f"{keys}/{server['id']}").json()["revoked_at"]


@pytest.fixture
def things(office: Office) -> dict[str, str]:
    """One address of each kind, with the right that each method needs and a body that would be accepted."""
    app = office.host_app()
    key = office.call("post", f"/host-apps/{app.id}/keys", {"kind": "server", "name": "k"}).json()["id"]
    member = office.hire("ada@h.example", "admin").id
    token = selectors.tokens(office.workspace)[0].id
    return {"app": app.id, "key": key, "member": member, "token": token}


REQUESTS = [
    ("get", "/members", Right.MANAGE_MEMBERS, None),
    ("post", "/members", Right.MANAGE_MEMBERS, {"email": "n@h.example", "name": "N", "roles": ["admin"]}),
    ("get", "/members/{member}", Right.MANAGE_MEMBERS, None),
    ("patch", "/members/{member}", Right.MANAGE_MEMBERS, {"roles": ["admin", "auditor"]}),
    ("get", "/tokens", Right.MANAGE_TOKENS, None),
    ("post", "/tokens", Right.MANAGE_TOKENS, {"name": "n", "roles": ["admin"]}),
    ("get", "/tokens/{token}", Right.MANAGE_TOKENS, None),
    ("delete", "/tokens/{token}", Right.MANAGE_TOKENS, None),
    ("get", "/host-apps", Right.VIEW, None),
    ("post", "/host-apps", Right.MANAGE_APPS, {"name": "n", "environment": "test"}),
    ("get", "/host-apps/{app}", Right.VIEW, None),
    ("patch", "/host-apps/{app}", Right.MANAGE_APPS, {"name": "n"}),
    ("get", "/host-apps/{app}/keys", Right.MANAGE_APPS, None),
    ("post", "/host-apps/{app}/keys", Right.MANAGE_APPS, {"kind": "server", "name": "n"}),
    ("get", "/host-apps/{app}/keys/{key}", Right.MANAGE_APPS, None),
    ("delete", "/host-apps/{app}/keys/{key}", Right.MANAGE_APPS, None),
    ("get", "/audit", Right.READ_AUDIT, None),
]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_each_role_may_what_the_table_says(office, things, role):
    for method, path, right, body in REQUESTS:
        answer = office.call(method, path.format(**things), body, role=role)
        if right in ROLE_RIGHTS[role]:
            assert answer.status_code < 300, (method, path, answer.content)
        else:
            assert answer.status_code == 403, (method, path, answer.content)
            assert answer.json()["error"]["details"] == {"right": right.value}


def test_another_tenant_finds_nothing_of_ours(office, things):
    other = Office.make("Airport")
    for method, path, _, body in REQUESTS:
        answer = other.call(method, path.format(**things), body)
        if "{" in path:
            assert answer.status_code == 404, (method, path, answer.content)
        assert not any(ours in answer.content.decode() for ours in things.values()), (method, path)
    assert office.call("get", f"/host-apps/{things['app']}").json()["name"] == "Harbour Go"


def test_a_key_of_one_host_app_is_not_found_under_another(office, things):
    second = office.host_app("Second")
    assert office.call("delete", f"/host-apps/{second.id}/keys/{things['key']}").status_code == 404


def test_queries_do_not_grow_with_the_rows(office, django_assert_max_num_queries):
    for number in range(12):
        office.hire(f"p{number}@h.example", "developer")
    office.call("get", "/me")
    for path in ("/members", "/tokens", "/host-apps", "/audit"):
        with django_assert_max_num_queries(3):
            office.call("get", path)
