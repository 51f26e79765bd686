"""The other published parts of mini-programs: the categories of the directory, and short links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ferry.kernel.publishing.registry import PartBody
from miniapps import shortcodes
from miniapps.models import Category, ShortLink

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


def category_keys(host_app: HostApp) -> Iterable[str]:
    """One part for each host app, once its workspace has categories."""
    return ("",) if Category.objects.of(host_app.workspace).exists() else ()


def build_categories(host_app: HostApp, key: str) -> PartBody | None:
    """The list in its order."""
    rows = list(Category.objects.of(host_app.workspace).order_by("place"))
    if not rows or key:
        return None
    return PartBody({"items": [{"id": row.key, "names": row.names} for row in rows]})


def link_keys(host_app: HostApp) -> Iterable[str]:
    """The shelves that hold links."""
    codes = ShortLink.objects.of(host_app.workspace).filter(host_app=host_app, ended_at=None)
    return sorted({shortcodes.shelf(code) for code in codes.values_list("code", flat=True)})


def build_links(host_app: HostApp, key: str) -> PartBody | None:
    """The links of one shelf that nobody has ended; an edge compares the dates itself."""
    rows = ShortLink.objects.of(host_app.workspace).filter(host_app=host_app, ended_at=None, code__endswith=key)
    links = {
        row.code: {
            "program": row.program.program_id,
            "path": row.path,
            "query": row.query,
            "expires_at": row.expires_at.timestamp() if row.expires_at else None,
        }
        for row in rows.select_related("program").order_by("code")
    }
    return PartBody({"links": links}) if links else None
