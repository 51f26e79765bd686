"""Permissions: the catalogue of capabilities, who asked for what, and what a version's terms say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from ferry.kernel.errors import NotFound
from ferry.kernel.ids import is_id
from miniapps.models import Capability, Grant, GrantState, MiniProgram, Terms, Version
from miniapps.permissions.asking import Item, declared_items, members
from miniapps.permissions.capabilities import BUILT_IN

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace


@dataclass(frozen=True, slots=True)
class Offered:
    """One capability of a workspace's catalogue. `row` is the workspace's own entry, if there is one."""

    name: str
    title: str
    description: str
    sensitive: bool
    built_in: bool
    row: Capability | None


def catalogue(workspace: Workspace) -> list[Offered]:
    """Every capability by its name: the built-in ones, as the workspace sees them, and its own."""
    own = {row.name: row for row in Capability.objects.of(workspace)}
    found = {
        name: Offered(name, str(each.title), str(each.description), each.sensitive, True, None)
        for name, each in BUILT_IN.items()
    }
    for name, row in own.items():
        found[name] = Offered(name, row.title, row.description, row.sensitive, name in BUILT_IN, row)
    return [found[name] for name in sorted(found)]


def names(workspace: Workspace) -> frozenset[str]:
    """The names that can be granted."""
    return frozenset(BUILT_IN) | set(Capability.objects.of(workspace).values_list("name", flat=True))


def sensitive(workspace: Workspace) -> frozenset[str]:
    """The names that are never granted along with a version."""
    own = dict(Capability.objects.of(workspace).values_list("name", "sensitive"))
    built_in = {name: each.sensitive for name, each in BUILT_IN.items()}
    return frozenset(name for name, held in (built_in | own).items() if held)


def capability(workspace: Workspace, capability_id: str) -> Capability:
    """The workspace's own entry with this id. Raises NotFound."""
    row = Capability.objects.of(workspace).filter(pk=capability_id).first() if _fits(capability_id) else None
    if row is None:
        raise NotFound(kind="capability")
    return row


def grants(
    workspace: Workspace, *, host_app: HostApp | None = None, program: MiniProgram | None = None, state: str = ""
) -> QuerySet[Grant]:
    """Permissions, newest first, narrowed by what is given."""
    rows = Grant.objects.of(workspace).select_related("program", "host_app", "version").order_by("-id")
    rows = rows.defer("version__files", "version__report")
    given = {"host_app": host_app, "program": program, "state": state or None}
    return rows.filter(**{field: value for field, value in given.items() if value is not None})


def grant(workspace: Workspace, grant_id: str) -> Grant:
    """One permission. Raises NotFound."""
    row = grants(workspace).filter(pk=grant_id).first() if _fits(grant_id) else None
    if row is None:
        raise NotFound(kind="permission")
    return row


def asked_by(version: Version, host_app: HostApp) -> list[tuple[Item, Grant | None]]:
    """What the manifest of a version asks for, and where each stands on a host app: its newest row, if any."""
    newest: dict[Item, Grant] = {}
    rows = grants(host_app.workspace, host_app=host_app, program=version.program)
    for row in rows.filter(Q(everywhere=False) | Q(state=GrantState.GRANTED)):
        item = Item(row.kind, row.value)
        if item not in newest or row.state == GrantState.GRANTED:
            newest[item] = row
    return [(item, newest.get(item)) for item in sorted(declared_items(version.declared))]


def terms(version: Version, host_app: HostApp) -> Terms | None:
    """The terms of a version on a host app; None while nothing was ever said of it."""
    return Terms.objects.of(host_app.workspace).filter(version=version, host_app=host_app).first()


def granted_members(host_app: HostApp, version: Version) -> Mapping[str, Any]:
    """What the terms of the version say of capabilities and domains: the subject that miniapps.services.terms asks."""
    rows = Grant.objects.of(host_app.workspace).filter(
        host_app=host_app, program=version.program_id, state=GrantState.GRANTED
    )
    asked = declared_items(version.declared)
    found = [(Item(row.kind, row.value), row.everywhere) for row in rows]
    return members(item for item, everywhere in found if everywhere or item in asked)


def wished_domains(version: Version) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What pages of a version call and show in frames once everything it asks for is granted, on whatever host app.

    A preview shows that, so that what works in it works after the approval, and nothing else does.
    """
    rows = Grant.objects.of(version.workspace).filter(
        program=version.program_id, everywhere=True, state__in=[GrantState.REQUESTED, GrantState.GRANTED]
    )
    items = declared_items(version.declared) | {Item(*pair) for pair in rows.values_list("kind", "value")}
    connect = {item.value for item in items if item.kind in ("request", "upload", "download")}
    return tuple(sorted(connect)), tuple(sorted(item.value for item in items if item.kind == "webview"))


def _fits(row_id: str) -> bool:
    return is_id(row_id)
