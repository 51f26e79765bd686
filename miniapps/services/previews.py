"""Previews: a version on an expiring host name of its own, for review before anybody is released to."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock, ids
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from miniapps.models import PreviewHost, Version
from miniapps.services.scope import within

_LONGEST = timedelta(days=7)


@transaction.atomic
def create_preview(*, actor: Actor, version: Version, lifetime: timedelta = timedelta(hours=1)) -> PreviewHost:
    """A host name that shows `version` until it expires. Whoever knows the name sees it, so it cannot be guessed.

    `selectors.preview_url` gives its address. Raises Invalid for a lifetime above 7 days.
    """
    require(actor, Right.VIEW)
    within(actor, version)
    if not timedelta(0) < lifetime <= _LONGEST:
        raise Invalid(reason=_("a preview lasts at most {days} days.").format(days=_LONGEST.days))
    preview = PreviewHost.objects.create(
        workspace=actor.workspace,
        label=ids.unguessable(),
        version=version,
        expires_at=clock.now() + lifetime,
        created_by=actor.person_id,
    )
    record(actor=actor, action="preview.created", target=version, after={"expires_at": preview.expires_at})
    return preview


@transaction.atomic
def end_preview(*, actor: Actor, preview: PreviewHost) -> None:
    """Take a preview down before its time; its address shows nothing from now on."""
    require(actor, Right.VIEW)
    within(actor, preview)
    rows = PreviewHost.objects.of(actor.workspace).filter(pk=preview.pk, expires_at__gt=clock.now())
    if rows.update(expires_at=clock.now()):
        record(actor=actor, action="preview.ended", target=preview.version, before={"expires_at": preview.expires_at})


def sweep_previews() -> int:
    """Delete the preview hosts that expired more than a day ago; how many went."""
    return PreviewHost.objects.unscoped().filter(expires_at__lt=clock.ago(days=1)).delete()[0]
