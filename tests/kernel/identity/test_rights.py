"""Who may do what: the table of roles, and that the docs show the same one."""

from __future__ import annotations

import re

import pytest

from ferry.kernel.errors import NotAllowed
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import ROLE_RIGHTS, Right, Role, rights_of


def test_the_auditor_reads_the_log_and_nothing_else():
    assert ROLE_RIGHTS[Role.AUDITOR] == {Right.READ_AUDIT}


def test_the_administrator_holds_every_right():
    assert ROLE_RIGHTS[Role.ADMIN] == set(Right)


def test_only_administrators_manage_people_apps_and_tokens():
    for role in set(Role) - {Role.ADMIN}:
        assert not ROLE_RIGHTS[role] & {Right.MANAGE_MEMBERS, Right.MANAGE_APPS, Right.MANAGE_TOKENS}


def test_developers_neither_review_nor_release():
    assert not ROLE_RIGHTS[Role.DEVELOPER] & {Right.REVIEW, Right.RELEASE}


def test_roles_add_up_and_unknown_ones_carry_nothing():
    assert rights_of(["developer", "reviewer"]) == ROLE_RIGHTS[Role.DEVELOPER] | ROLE_RIGHTS[Role.REVIEWER]
    assert rights_of(["captain", ""]) == frozenset()
    assert rights_of([]) == frozenset()


def test_a_missing_right_is_named():
    actor = Actor(None, "token", "t", "t", frozenset({Right.VIEW}), "p")  # type: ignore[arg-type]
    require(actor, Right.VIEW)
    with pytest.raises(NotAllowed) as refused:
        require(actor, Right.RELEASE)
    assert refused.value.details == {"right": "releases.manage"}
    assert "releases.manage" in refused.value.text()


def test_the_docs_show_this_table(root):
    text = (root / "docs" / "identity.md").read_text()
    table = text[text.index("| Right |") :].partition("\n\n")[0]
    header = table.splitlines()[0]
    rows = re.findall(r"^\| `([a-z.]+)` \|(.*)\|$", table, re.M)
    roles = [cell.strip() for cell in header.strip("|").split("|")][1:]
    assert roles == [role.value for role in Role]
    shown = {right: [cell.strip() == "✓" for cell in cells.split("|")] for right, cells in rows}
    assert shown == {right.value: [right in ROLE_RIGHTS[role] for role in Role] for right in Right}
