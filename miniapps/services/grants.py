"""Permissions: asked for with a version or by hand, decided per host app, taken back; and the terms that follow.

A request that comes with a version is decided with it, except for sensitive capabilities: each of those is decided by
itself, before or after, so that nobody approves a camera by approving a version. Nobody decides about what he asked
for or uploaded. Docs: docs/permissions.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing
from miniapps.errors import OwnWork, ReasonMissing
from miniapps.models import Grant, GrantState, MiniProgram, Review, ReviewState, Version
from miniapps.permissions import domains
from miniapps.permissions.asking import CAPABILITY, Item, crowded, declared_items
from miniapps.permissions.capabilities import is_name
from miniapps.permissions.errors import (
    CapabilityUnknown,
    DomainRefused,
    PermissionClosed,
    PermissionExists,
    PermissionInvalid,
    TooManyDomains,
)
from miniapps.permissions.wording import fault_text, kind_text
from miniapps.selectors import permissions as catalogue
from miniapps.services.scope import within
from miniapps.services.terms import settle_program

OPEN = (GrantState.REQUESTED, GrantState.GRANTED)
_LONGEST_TEXT = 4000


def request_permissions(
    *,
    actor: Actor,
    program: MiniProgram,
    host_app: HostApp,
    capabilities: Collection[str] = (),
    reach: Mapping[str, Collection[str]] | None = None,
    purpose: str = "",
) -> list[Grant]:
    """Ask for permissions by hand: they count for every version of the program on this host app once granted.

    `reach` are domains by their use: "request", "webview", "upload", "download". Raises PermissionInvalid,
    DomainRefused, CapabilityUnknown, PermissionExists, TooManyDomains.
    """
    require(actor, Right.SUBMIT)
    within(actor, program, host_app)
    items = _checked(capabilities, reach or {})
    known = catalogue.names(actor.workspace)
    for item in items:
        if item.kind == CAPABILITY and item.value not in known:
            raise CapabilityUnknown(name=item.value)
    with publishing(host_app) as publication:
        asked = _open(publication.host_app, program).filter(everywhere=True)
        there = {Item(grant.kind, grant.value) for grant in asked}
        if twice := sorted(there & set(items)):
            raise PermissionExists(permission=twice[0].value)
        for version in _open_versions(publication.host_app, program):
            _check_number(declared_items(version.declared) | there | set(items))
        _check_number(there | set(items))
        made = [
            _ask(actor, publication.host_app, program, item, version=None, purpose=purpose) for item in sorted(items)
        ]
        _record_request(actor, program, host_app, made)
    return made


def ask_with_version(*, actor: Actor, version: Version, host_app: HostApp) -> list[Grant]:
    """What a version asks for beyond what is asked for or granted already.

    Inside the transaction of its submission, which holds the program's row: two that ask for the same make one request.
    """
    items = declared_items(version.declared)
    if not items:
        return []
    rows = _open(host_app, version.program)
    everywhere = {Item(grant.kind, grant.value) for grant in rows.filter(everywhere=True)}
    _check_number(items | everywhere)
    there = {Item(grant.kind, grant.value) for grant in rows.filter(everywhere=False)}
    return [_ask(actor, host_app, version.program, item, version=version, purpose="") for item in sorted(items - there)]


def grant_with_version(*, actor: Actor, version: Version, host_app: HostApp) -> None:
    """What an approval grants: all that the version asks for and nobody has decided, sensitive capabilities apart.

    Inside the approval's publication, which settles the terms.
    """
    sensitive = catalogue.sensitive(actor.workspace)
    known = catalogue.names(actor.workspace)
    for grant in _waiting_of(version, host_app):
        held_back = grant.kind == CAPABILITY and (grant.value in sensitive or grant.value not in known)
        if not held_back and actor.person_id != grant.requested_by:
            _decide(actor, grant, GrantState.GRANTED, "")


def drop_with_version(*, actor: Actor, version: Version, host_app: HostApp, state: str, reason: str = "") -> None:
    """A submission was taken back or rejected: what it asked for, and no other open version asks for, goes with it.

    Behind the same lock as `ask_with_version`.
    """
    others = set().union(
        *(declared_items(other.declared) for other in _open_versions(host_app, version.program) if other != version)
    )
    for grant in _waiting_of(version, host_app):
        if Item(grant.kind, grant.value) not in others:
            _decide(actor, grant, GrantState(state), reason)


def grant_permission(*, actor: Actor, grant: Grant, reason: str = "") -> Grant:
    """Grant what is asked for; devices hear of it in seconds. Raises PermissionClosed, OwnWork, CapabilityUnknown."""
    return _act(actor, grant, GrantState.REQUESTED, GrantState.GRANTED, reason)


def reject_permission(*, actor: Actor, grant: Grant, reason: str) -> Grant:
    """Refuse what is asked for, with a reason for the developer. Raises PermissionClosed, OwnWork, ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    return _act(actor, grant, GrantState.REQUESTED, GrantState.REJECTED, reason)


def revoke_permission(*, actor: Actor, grant: Grant, reason: str) -> Grant:
    """Take back what was granted: devices get terms without it, with a higher serial, within seconds.

    Whoever asked for it may revoke it too: taking away needs no second pair of eyes. Raises PermissionClosed,
    ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    return _act(actor, grant, GrantState.GRANTED, GrantState.REVOKED, reason)


def withdraw_request(*, actor: Actor, grant: Grant) -> Grant:
    """Take a request back before it is decided. Raises PermissionClosed."""
    require(actor, Right.SUBMIT)
    return _act(actor, grant, GrantState.REQUESTED, GrantState.WITHDRAWN, "")


def _act(actor: Actor, grant: Grant, before: GrantState, after: GrantState, reason: str) -> Grant:
    if after != GrantState.WITHDRAWN:
        require(actor, Right.GRANT)
    within(actor, grant)
    with publishing(grant.host_app) as publication:
        fresh = Grant.objects.of(actor.workspace).select_related("program", "version").get(pk=grant.pk)
        closed = PermissionClosed(permission=fresh.value, state=str(GrantState(fresh.state).label))
        if fresh.state != before:
            raise closed
        if after in (GrantState.GRANTED, GrantState.REJECTED):
            own = {fresh.requested_by, fresh.version.uploaded_by if fresh.version else ""}
            if actor.person_id in own:
                raise OwnWork
        unknown = fresh.kind == CAPABILITY and fresh.value not in catalogue.names(actor.workspace)
        if after == GrantState.GRANTED and unknown:
            raise CapabilityUnknown(name=fresh.value)
        if not _decide(actor, fresh, after, reason):
            raise closed
        settle_program(publication, fresh.program)
    return fresh


def _decide(actor: Actor, grant: Grant, state: GrantState, reason: str) -> bool:
    """Move the row on; False, and nothing done, when somebody else has moved it meanwhile."""
    before = grant.state
    after = {
        "state": state,
        "decided_by": actor.person_id,
        "decided_by_name": actor.name[:150],
        "decided_at": clock.now(),
        "reason": _clean(reason),
    }
    if not Grant.objects.of(actor.workspace).filter(pk=grant.pk, state=before).update(**after):
        return False
    for field, value in after.items():
        setattr(grant, field, value)
    record(
        actor=actor,
        action=f"permission.{state.value}",
        target=grant,
        before={"state": str(before)},
        after={
            "host_app": grant.host_app_id,
            "program": grant.program.program_id,
            "kind": grant.kind,
            "value": grant.value,
            "reason": grant.reason,
        },
    )
    return True


def _ask(
    actor: Actor, host_app: HostApp, program: MiniProgram, item: Item, *, version: Version | None, purpose: str
) -> Grant:
    return Grant.objects.create(
        workspace=actor.workspace,
        host_app=host_app,
        program=program,
        kind=item.kind,
        value=item.value,
        version=version,
        everywhere=version is None,
        purpose=_clean(purpose),
        requested_by=actor.person_id,
        requested_by_name=actor.name[:150],
    )


def _record_request(actor: Actor, target: MiniProgram | Version, host_app: HostApp, made: Iterable[Grant]) -> None:
    asked = [f"{each.kind} {each.value}" for each in made]
    record(actor=actor, action="permissions.requested", target=target, after={"host_app": host_app.pk, "asked": asked})


def _checked(capabilities: Iterable[str], given: Mapping[str, Collection[str]]) -> set[Item]:
    items: set[Item] = set()
    for name in capabilities:
        if not is_name(name):
            raise PermissionInvalid(reason=_("a capability's name has letters, digits and “_.:-”, a letter first."))
        items.add(Item(CAPABILITY, name))
    for use, addresses in given.items():
        for address in addresses:
            try:
                items.add(Item(use, domains.clean(address)))
            except domains.BadDomain as bad:
                raise DomainRefused(domain=address[:255], reason=fault_text(bad.fault)) from None
    if not items:
        raise PermissionInvalid(reason=_("name at least one capability or domain."))
    return items


def _check_number(items: Iterable[Item]) -> None:
    use = crowded(items)
    if use is not None:
        raise TooManyDomains(kind=kind_text(use), limit=domains.MOST_DOMAINS)


def _open(host_app: HostApp, program: MiniProgram) -> QuerySet[Grant]:
    return Grant.objects.of(host_app.workspace).filter(host_app=host_app, program=program, state__in=OPEN)


def _waiting_of(version: Version, host_app: HostApp) -> list[Grant]:
    """Open requests for what the manifest of the version asks for, whichever version asked first."""
    items = declared_items(version.declared)
    rows = _open(host_app, version.program).filter(everywhere=False, state=GrantState.REQUESTED)
    return [grant for grant in rows.order_by("id") if Item(grant.kind, grant.value) in items]


def _open_versions(host_app: HostApp, program: MiniProgram) -> list[Version]:
    """Versions that are approved or wait for it on the host app."""
    reviews = Review.objects.of(host_app.workspace).filter(
        host_app=host_app, version__program=program, state__in=[ReviewState.SUBMITTED, ReviewState.APPROVED]
    )
    rows = Version.objects.of(host_app.workspace).filter(pk__in=reviews.values("version"))
    return list(rows.defer("files", "report"))


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()[:_LONGEST_TEXT]
