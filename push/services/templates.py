"""Writes of templates."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from push import content
from push.errors import ContentInvalid, TemplateExists
from push.models import Template
from push.rules.placeholders import Words
from push.services.scope import within


def create_template(*, actor: Actor, name: str, words: Words) -> Template:
    """Keep content under a name. Raises ContentInvalid, TemplateExists."""
    require(actor, Right.PUSH_WRITE)
    row = Template(workspace=actor.workspace, name=clean_name(name), updated_by=actor.person_id)
    _put(row, words)
    with transaction.atomic():
        _save(row, new=True)
        record(actor=actor, action="template.created", target=row, after=_told(row))
    return row


def update_template(*, actor: Actor, template: Template, name: str | None = None, words: Words) -> Template:
    """Change a template. What was made from it before stays as it was. Raises ContentInvalid, TemplateExists."""
    require(actor, Right.PUSH_WRITE)
    within(actor, template)
    with transaction.atomic():
        row = Template.objects.of(actor.workspace).select_for_update().filter(pk=template.pk).first()
        if row is None:
            raise NotFound(kind="template")
        before = _told(row)
        row.name = row.name if name is None else clean_name(name)
        _put(row, words)
        row.updated_at, row.updated_by = clock.now(), actor.person_id
        _save(row)
        record(actor=actor, action="template.updated", target=row, before=before, after=_told(row))
    return row


def delete_template(*, actor: Actor, template: Template) -> None:
    """Delete a template; messages and campaigns keep their copies."""
    require(actor, Right.PUSH_WRITE)
    within(actor, template)
    target, before = ("template", template.pk), _told(template)
    with transaction.atomic():
        if not Template.objects.of(actor.workspace).filter(pk=template.pk).delete()[0]:
            raise NotFound(kind="template")
        record(actor=actor, action="template.deleted", target=target, before=before)


def clean_name(given: str) -> str:
    """A name for people. Raises ContentInvalid."""
    name = " ".join(given.split())
    if not 0 < len(name) <= 120 or not name.isprintable():
        raise ContentInvalid(reason=_("a name has 1 to 120 printable characters."))
    return name


def _put(row: Template, words: Words) -> None:
    for column, value in content.columns(content.checked(words)).items():
        setattr(row, column, value)


def _save(row: Template, *, new: bool = False) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=new)
    except IntegrityError:
        raise TemplateExists(name=row.name) from None


def _told(row: Template) -> dict[str, object]:
    return {"name": row.name, **content.columns(content.words_of(row))}
