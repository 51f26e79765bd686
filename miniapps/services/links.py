"""Short links: made for one page of a mini-program on one host app, counted by the loader, ended by hand or by time."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils.translation import gettext as _

from ferry.kernel import clock, ids
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require, system
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing
from miniapps import shortcodes
from miniapps.deeplinks import page_problem
from miniapps.errors import LinkBaseMissing, LinkInvalid, TooManyLinks
from miniapps.models import MiniProgram, ShortLink
from miniapps.services.scope import within

log = logging.getLogger(__name__)

MOST = 5_000  # that have not ended, of one host app: all of them stand in its snapshot
LONGEST = timedelta(days=3650)
KEPT = timedelta(days=7)  # after its end a link still says that it is over; then it is as if it had never been
_LONGEST_NAME = 120


def create_link(
    *,
    actor: Actor,
    host_app: HostApp,
    program: MiniProgram,
    name: str = "",
    path: str = "",
    query: str = "",
    lifetime: timedelta | None = None,
) -> ShortLink:
    """A new link; None as `lifetime` lets it last until somebody ends it.

    Raises LinkBaseMissing, LinkInvalid, TooManyLinks, Invalid.
    """
    require(actor, Right.RELEASE)
    within(actor, host_app, program)
    if wrong := page_problem(path, query):
        raise LinkInvalid(field=wrong)
    label = name.strip()
    if len(label) > _LONGEST_NAME or not label.isprintable():
        raise Invalid(reason=_("the name of a link has at most {limit} characters.").format(limit=_LONGEST_NAME))
    if lifetime is not None and not timedelta(0) < lifetime <= LONGEST:
        raise Invalid(reason=_("a link lasts at most ten years, or until it is ended."))
    with publishing(host_app) as publication:
        app = publication.host_app
        if not app.link_base:
            raise LinkBaseMissing(host_app=str(app))
        if ShortLink.objects.of(actor.workspace).filter(host_app=app, ended_at=None).count() >= MOST:
            raise TooManyLinks(limit=MOST)
        link = ShortLink.objects.create(
            workspace=actor.workspace,
            host_app=app,
            program=program,
            code=shortcodes.make(app.number, ids.unguessable(40)),
            name=label,
            path=path,
            query=query,
            expires_at=None if lifetime is None else clock.now() + lifetime,
            created_by=actor.person_id,
            created_by_name=actor.name[:150],
        )
        publication.changed("links", shortcodes.shelf(link.code))
        record(actor=actor, action="link.created", target=link, after=described(link))
    return link


def end_link(*, actor: Actor, link: ShortLink) -> ShortLink:
    """End a link now: its page says that it leads nowhere any more."""
    require(actor, Right.RELEASE)
    within(actor, link)
    with publishing(link.host_app) as publication:
        fresh = ShortLink.objects.of(actor.workspace).select_related("host_app", "program").get(pk=link.pk)
        if fresh.ended_at is None:
            fresh.ended_at = clock.now()
            fresh.save(update_fields=["ended_at"])
            publication.changed("links", shortcodes.shelf(fresh.code))
            record(actor=actor, action="link.ended", target=fresh, before=described(fresh))
    return fresh


def sweep_links() -> int:
    """Take links that expired a while ago out of the snapshots; how many went. Safe to run twice at once."""
    over = ShortLink.objects.unscoped().filter(ended_at=None, expires_at__lt=clock.now() - KEPT)
    swept = 0
    for link in over.select_related("workspace", "host_app")[:1000]:
        try:
            end_link(actor=system(link.workspace), link=link)
            swept += 1
        except Exception:  # one host app that cannot be published must not hold up the others
            log.exception("link %s is over and cannot be taken out", link.pk)
    return swept


def described(link: ShortLink) -> dict[str, object]:
    """What the audit log tells of a link."""
    return {
        "host_app": link.host_app_id,
        "program_id": link.program.program_id,
        "code": link.code,
        "name": link.name,
        "path": link.path,
        "query": link.query,
        "expires_at": link.expires_at,
    }
