"""The workspace's own entries of the catalogue of capabilities."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from miniapps.models import Capability, Grant
from miniapps.permissions.asking import CAPABILITY
from miniapps.permissions.capabilities import BUILT_IN, is_name
from miniapps.permissions.errors import CapabilityExists, CapabilityInUse, PermissionInvalid
from miniapps.services.grants import OPEN
from miniapps.services.scope import within

_LENGTHS = {"title": 64, "description": 500}


def add_capability(*, actor: Actor, name: str, title: str, description: str = "", sensitive: bool = True) -> Capability:
    """A capability that host apps of this workspace offer, or a built-in one seen otherwise (more or less sensitive).

    Raises PermissionInvalid, CapabilityExists.
    """
    require(actor, Right.MANAGE_APPS)
    if not is_name(name):
        raise PermissionInvalid(reason=_("a capability's name has letters, digits and “_.:-”, a letter first."))
    row = Capability(workspace=actor.workspace, name=name, created_by=actor.person_id, sensitive=sensitive)
    row.title, row.description = _checked("title", title), _checked("description", description)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            record(actor=actor, action="capability.added", target=row, after=_told(row))
    except IntegrityError as error:
        raise CapabilityExists(name=name) from error
    return row


@transaction.atomic
def change_capability(
    *,
    actor: Actor,
    capability: Capability,
    title: str | None = None,
    description: str | None = None,
    sensitive: bool | None = None,
) -> Capability:
    """Change an entry. What is None stays; what is granted stays granted. Raises PermissionInvalid."""
    require(actor, Right.MANAGE_APPS)
    within(actor, capability)
    row = Capability.objects.of(actor.workspace).select_for_update().get(pk=capability.pk)
    before = _told(row)
    if title is not None:
        row.title = _checked("title", title)
    if description is not None:
        row.description = _checked("description", description)
    if sensitive is not None:
        row.sensitive = sensitive
    if _told(row) != before:
        row.save(update_fields=["title", "description", "sensitive"])
        record(actor=actor, action="capability.changed", target=row, before=before, after=_told(row))
    return row


@transaction.atomic
def remove_capability(*, actor: Actor, capability: Capability) -> None:
    """Remove an entry; a built-in one is seen as built in again. Raises CapabilityInUse, NotFound."""
    require(actor, Right.MANAGE_APPS)
    within(actor, capability)
    used = Grant.objects.of(actor.workspace).filter(kind=CAPABILITY, value=capability.name, state__in=OPEN)
    if capability.name not in BUILT_IN and used.exists():
        raise CapabilityInUse(name=capability.name)
    if not Capability.objects.of(actor.workspace).filter(pk=capability.pk).delete()[0]:
        raise NotFound(kind="capability")
    record(actor=actor, action="capability.removed", target=capability, before=_told(capability))


def _checked(field: str, text: str) -> str:
    text = text.strip()
    if len(text) > _LENGTHS[field] or not text.isprintable() or (field == "title" and not text):
        limit = _LENGTHS[field]
        reason = _("the {field} has 1 to {limit} characters, all of them printable.")
        raise PermissionInvalid(reason=reason.format(field=field, limit=limit))
    return text


def _told(row: Capability) -> dict[str, object]:
    return {"name": row.name, "title": row.title, "description": row.description, "sensitive": row.sensitive}
