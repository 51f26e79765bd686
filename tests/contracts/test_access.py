"""A walk over every address of the management API: as a stranger, as another tenant, and as every role."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from ferry.kernel.identity.rights import Role
from tests.world import World

OPEN = {"/api/v1/schema/", "/api/v1/mini-program-login/session"}  # the second asks for an app secret: test_login.py
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> list[tuple[str, str]]:
    """(method, path template) of each operation in the OpenAPI document."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return [(method, path) for path, item in schema["paths"].items() for method in METHODS if method in item]


OPERATIONS = operations()


def call(method: str, path: str, token: str | None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(raise_request_exception=False).generic(
        method.upper(), path, data=b"{}", content_type="application/json", headers=headers
    )


def test_the_walk_sees_the_whole_api():
    assert len(OPERATIONS) > 40


@pytest.mark.django_db
@pytest.mark.parametrize("token", [None, "", "ft_nonsense", "ft_" + "a" * 300, "\x00"])
def test_a_stranger_is_told_to_sign_in(token):
    for method, path in OPERATIONS:
        if path in OPEN:
            continue
        filled = re.sub(r"\{[^}]+\}", "x", path)
        answer = call(method, filled, token)
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert answer.json()["error"]["code"] == "unauthenticated"


@pytest.fixture
def filled(transactional_db) -> tuple[World, list[tuple[str, str]]]:
    """A workspace with one of each thing, and every path of the API that leads to those things."""
    world = World.make()
    names = world.one_of_each()
    paths = []
    for method, path in OPERATIONS:
        wanted = re.findall(r"\{([^}]+)\}", path)
        assert set(wanted) <= set(names), f"World.one_of_each() knows no {set(wanted) - set(names)} for {path}"
        paths.append((method, path.format(**names)))
    return world, paths


def test_another_tenant_finds_nothing_and_changes_nothing(filled):
    world, paths = filled
    other = World.make(name="Other harbour")
    before = world.fingerprint()
    for (method, path), (_, template) in zip(paths, OPERATIONS, strict=True):
        if "{" not in template:
            continue
        answer = call(method, path, other.token("admin"))
        assert answer.status_code in {404, 400, 415}, (method, template, answer.status_code, answer.content)
        assert world.workspace.name not in answer.content.decode()
    assert world.fingerprint() == before


def test_an_auditor_reads_the_audit_log_and_nothing_else(filled):
    world, paths = filled
    token = world.token(Role.AUDITOR)
    for (method, path), (_, template) in zip(paths, OPERATIONS, strict=True):
        if template == "/api/v1/mini-program-login/session":
            continue
        answer = call(method, path, token)
        allowed = template.startswith(("/api/v1/audit", "/api/v1/schema")) or template.rstrip("/") == "/api/v1/me"
        assert (answer.status_code < 300) == (allowed and method == "get"), (method, template, answer.status_code)
        if not allowed:
            assert answer.status_code in {403, 404}, (method, template, answer.status_code)


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.AUDITOR}])
def test_no_role_can_touch_people_keys_or_tokens_but_the_administrator(filled, role):
    world, paths = filled
    token = world.token(role)
    guarded = ("/api/v1/members", "/api/v1/tokens", "/api/v1/host-apps")
    for (method, path), (_, template) in zip(paths, OPERATIONS, strict=True):
        manages = template.startswith(guarded[:2]) or (template.startswith(guarded[2]) and "/keys" in template)
        if manages and method != "get":
            answer = call(method, path, token)
            assert answer.status_code == 403, (role, method, template, answer.status_code)
