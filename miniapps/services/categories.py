"""Categories: the workspace's list, written as a whole, so that its order is never half changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing_workspace
from miniapps.errors import CategoryInUse, CategoryInvalid
from miniapps.languages import LANGUAGES
from miniapps.models import Category, Listing, MiniProgram

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

MOST = 100
_KEY = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Shelf:
    """One category as somebody asks for it."""

    key: str
    names: Mapping[str, str]


def set_categories(*, actor: Actor, shelves: Sequence[Shelf]) -> list[Category]:
    """Replace the list, in this order. An empty list lets mini-programs name any category again.

    Raises CategoryInvalid, CategoryInUse for one that a mini-program still names.
    """
    require(actor, Right.RELEASE)
    checked = _checked(shelves)
    with publishing_workspace(actor.workspace) as publications:
        rows = Category.objects.of(actor.workspace)
        before = told(list(rows.order_by("place")))
        if checked:
            _keep_what_is_used(actor.workspace, {shelf.key for shelf in checked})
        rows.all().delete()
        made = [
            Category(workspace=actor.workspace, key=shelf.key, names=dict(shelf.names), place=place)
            for place, shelf in enumerate(checked)
        ]
        for category in made:
            category.save(force_insert=True)
        after = told(made)
        if after != before:
            publications.changed("categories")
            record(actor=actor, action="categories.set", target=actor.workspace, before=before, after=after)
    return made


def told(categories: Sequence[Category]) -> dict[str, object]:
    """What the audit log tells of the list."""
    return {"categories": [{"id": category.key, "names": category.names} for category in categories]}


def _keep_what_is_used(workspace: Workspace, keys: set[str]) -> None:
    programs = MiniProgram.objects.of(workspace).exclude(category__in=[*keys, ""])
    listings = Listing.objects.of(workspace).exclude(category=None).exclude(category__in=[*keys, ""])
    used = programs.values_list("category", flat=True).union(listings.values_list("category", flat=True))
    lost = next(iter(used), None)
    if lost is not None:
        raise CategoryInUse(category=lost)


def _checked(shelves: Sequence[Shelf]) -> list[Shelf]:
    if len(shelves) > MOST:
        raise CategoryInvalid(reason=_("there are at most {limit}.").format(limit=MOST))
    if len({shelf.key for shelf in shelves}) != len(shelves):
        raise CategoryInvalid(reason=_("an id appears twice."))
    checked = []
    for shelf in shelves:
        names = {language: name.strip() for language, name in shelf.names.items()}
        if not _KEY.fullmatch(shelf.key) or shelf.key != shelf.key.strip() or not shelf.key.isprintable():
            raise CategoryInvalid(reason=_("an id has 1 to 64 printable characters."))
        if not names or not set(names) <= set(LANGUAGES):
            raise CategoryInvalid(
                reason=_("it has a name in at least one of {known}.").format(known=", ".join(LANGUAGES))
            )
        if any(not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() for name in names.values()):
            raise CategoryInvalid(reason=_("a name has 1 to {limit} printable characters.").format(limit=_LONGEST_NAME))
        checked.append(Shelf(shelf.key, names))
    return checked
