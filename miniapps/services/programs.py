"""Mini-programs as such: made, described, given an icon."""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing_workspace
from ferry.kernel.storage import blobs
from miniapps import images
from miniapps.errors import CategoryUnknown, IconRefused, ProgramExists, ProgramInvalid
from miniapps.models import Category, Listing, MiniProgram
from miniapps.services.scope import within

_PROGRAM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LENGTHS = {"name": 64, "description": 500, "category": 64}
_ORDERS = range(-1_000_000, 1_000_001)


def create_program(
    *, actor: Actor, name: str, program_id: str = "", description: str = "", category: str = "", order: int = 0
) -> MiniProgram:
    """A new mini-program. Without a `program_id` it gets 16 digits, the form that mPaaS hosts know.

    Raises ProgramExists, ProgramInvalid.
    """
    require(actor, Right.UPLOAD)
    values = checked_values({"name": name, "description": description, "category": category, "order": order})
    chosen = program_id or str(secrets.randbelow(9 * 10**15) + 10**15)
    if not _PROGRAM_ID.fullmatch(chosen) or ".." in chosen:
        raise ProgramInvalid(
            reason=_("an id has letters, digits, “.”, “_” and “-”, at most 64, a letter or digit first.")
        )
    try:
        with transaction.atomic():
            check_category(actor.workspace, values)
            program = MiniProgram(workspace=actor.workspace, program_id=chosen, created_by=actor.person_id)
            for field, value in values.items():
                setattr(program, field, value)
            program.save(force_insert=True)
            record(actor=actor, action="program.created", target=program, after={"program_id": chosen, **values})
    except IntegrityError as error:
        raise ProgramExists(program_id=chosen) from error
    return program


def update_program(
    *,
    actor: Actor,
    program: MiniProgram,
    name: str | None = None,
    description: str | None = None,
    category: str | None = None,
    order: int | None = None,
) -> MiniProgram:
    """Change what people see of a mini-program. What is None stays as it is.

    As long as no host app lists it this is the developer's; afterwards it changes what users see at once, and takes
    the right to release. Raises ProgramInvalid.
    """
    within(actor, program)
    given = {"name": name, "description": description, "category": category, "order": order}
    values = checked_values({field: value for field, value in given.items() if value is not None})
    with publishing_workspace(actor.workspace) as publications:
        require_change(actor, program)
        check_category(actor.workspace, values)
        fresh = MiniProgram.objects.of(actor.workspace).get(pk=program.pk)
        before = {field: getattr(fresh, field) for field in values}
        if before != values:
            for field, value in values.items():
                setattr(fresh, field, value)
            fresh.save(update_fields=list(values))
            publications.changed("program", fresh.program_id)
            record(actor=actor, action="program.updated", target=fresh, before=before, after=values)
    return fresh


def set_icon(*, actor: Actor, program: MiniProgram, picture: bytes) -> MiniProgram:
    """Render the icon in every size from one picture and store it. Rights as for `update_program`.

    Raises IconRefused.
    """
    within(actor, program)
    require_change(actor, program)
    icons = store_icons(picture)
    with publishing_workspace(actor.workspace) as publications:
        require_change(actor, program)
        fresh = MiniProgram.objects.of(actor.workspace).get(pk=program.pk)
        before, fresh.icons = fresh.icons, icons
        if before != icons:
            fresh.save(update_fields=["icons"])
            publications.changed("program", fresh.program_id)
            record(actor=actor, action="program.icon_set", target=fresh, before=before, after=icons)
    return fresh


def store_icons(picture: bytes) -> dict[str, str]:
    """Render and store; the address of each size. Raises IconRefused."""
    try:
        rendered = images.render_icons(picture)
    except images.Unusable as error:
        raise IconRefused(reason=str(error)) from error
    store = blobs()
    return {name: store.put(content).sha256 for name, content in rendered.items()}


def require_change(actor: Actor, program: MiniProgram) -> None:
    """Refuse whoever may not change what people see of it: developers may until a host app lists it."""
    listed = Listing.objects.of(actor.workspace).filter(program=program).exists()
    require(actor, Right.RELEASE if listed else Right.UPLOAD)


def check_category(workspace: Workspace, values: dict[str, Any]) -> None:
    """Where the workspace keeps a list of categories, a mini-program names one of them. Raises CategoryUnknown."""
    wanted = values.get("category")
    if not wanted:
        return
    known = list(Category.objects.of(workspace).order_by("place").values_list("key", flat=True))
    if known and wanted not in known:
        raise CategoryUnknown(category=wanted, known=", ".join(known))


def checked_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values, stripped and bounded."""
    checked: dict[str, Any] = {}
    for field, value in values.items():
        if field == "order":
            if value not in _ORDERS:
                raise ProgramInvalid(reason=_("the order is a whole number of at most a million."))
            checked[field] = value
            continue
        text = value.strip()
        if len(text) > _LENGTHS[field] or not text.isprintable():
            limit = _LENGTHS[field]
            reason = _("the {field} has at most {limit} characters, all of them printable.")
            raise ProgramInvalid(reason=reason.format(field=field, limit=limit))
        checked[field] = text
    if "name" in checked and not checked["name"]:
        raise ProgramInvalid(reason=_("it needs a name."))
    return checked
