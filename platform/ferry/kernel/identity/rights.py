"""Roles and the rights they carry. Pure: the one table that says who may do what inside a workspace.

A right names one act; a role is a set of rights that one job needs. Services demand rights, never roles, so that a
new role is a line here. docs/identity.md shows the table; a test keeps the two the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """A job in a workspace. A member or a token may hold several."""

    ADMIN = "admin"
    DEVELOPER = "developer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    ANALYST = "analyst"
    AUDITOR = "auditor"


class Right(StrEnum):
    """One act that somebody may be allowed to do."""

    VIEW = "view"
    MANAGE_MEMBERS = "members.manage"
    MANAGE_APPS = "apps.manage"
    MANAGE_TOKENS = "tokens.manage"
    UPLOAD = "versions.upload"
    SUBMIT = "versions.submit"
    REVIEW = "versions.review"
    GRANT = "permissions.grant"
    MANAGE_SECRETS = "secrets.manage"
    RELEASE = "releases.manage"
    WITHDRAW = "programs.withdraw"
    MANAGE_SEGMENTS = "segments.manage"
    VIEW_DEVICES = "devices.view"
    VIEW_ANALYTICS = "analytics.view"
    PUSH_VIEW = "push.view"
    PUSH_WRITE = "push.write"
    PUSH_APPROVE = "push.approve"
    READ_AUDIT = "audit.read"


ROLE_RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Right),
        Role.DEVELOPER: frozenset({Right.VIEW, Right.UPLOAD, Right.SUBMIT, Right.MANAGE_SECRETS, Right.VIEW_ANALYTICS}),
        Role.REVIEWER: frozenset({Right.VIEW, Right.REVIEW, Right.GRANT}),
        Role.OPERATOR: frozenset(
            {
                Right.VIEW,
                Right.GRANT,
                Right.RELEASE,
                Right.WITHDRAW,
                Right.MANAGE_SEGMENTS,
                Right.VIEW_DEVICES,
                Right.VIEW_ANALYTICS,
                Right.PUSH_VIEW,
                Right.PUSH_WRITE,
            }
        ),
        Role.ANALYST: frozenset(
            {Right.VIEW, Right.MANAGE_SEGMENTS, Right.VIEW_DEVICES, Right.VIEW_ANALYTICS, Right.PUSH_VIEW}
        ),
        # Reads the log and nothing else: whoever controls the others must not share their interests.
        Role.AUDITOR: frozenset({Right.READ_AUDIT}),
    }
)


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    """Every right that the roles carry together. A role this release does not know carries none."""
    known = Role.__members__.values()
    return frozenset().union(*(ROLE_RIGHTS[Role(role)] for role in roles if role in known))
