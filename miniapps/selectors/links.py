"""Short links: rows, addresses, QR codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import QuerySet

from ferry.kernel import clock
from miniapps.deeplinks import deep_link
from miniapps.models import MiniProgram, ShortLink
from miniapps.selectors.rows import one

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace


def links(
    workspace: Workspace, *, host_app: HostApp | None = None, program: MiniProgram | None = None
) -> QuerySet[ShortLink]:
    """Short links, newest first, narrowed by what is given."""
    rows = ShortLink.objects.of(workspace).select_related("host_app", "program").order_by("-id")
    given = {"host_app": host_app, "program": program}
    return rows.filter(**{field: value for field, value in given.items() if value is not None})


def link(workspace: Workspace, link_id: str) -> ShortLink:
    """One short link. Raises NotFound."""
    return one(links(workspace), link_id, "link")


def link_url(link: ShortLink) -> str:
    """The short address."""
    return f"{settings.FERRY_EDGE_URL}/l/{link.code}"


def link_target(link: ShortLink) -> str:
    """The deep link that it leads to, as the edge makes it; "" while the host app takes no links."""
    base = link.host_app.link_base
    if not base:
        return ""
    return deep_link(base, program=link.program.program_id, path=link.path, query=link.query, link=link.code)


def link_state(link: ShortLink) -> str:
    """open, expired or ended."""
    if link.ended_at is not None:
        return "ended"
    return "expired" if link.expires_at is not None and link.expires_at <= clock.now() else "open"
