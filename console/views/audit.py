"""The audit log: who did what, when, from where; and whether the chain holds."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from console.views.base import WorkspacePage
from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity.rights import Right

FIELDS = ("action", "person_id", "target_kind", "target_id")


class AuditLog(WorkspacePage):
    """Entries, newest first."""

    section = "audit"
    right = Right.READ_AUDIT
    template = "console/audit.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page of entries, narrowed by what the address says."""
        chosen = {field: request.GET.get(field, "").replace("\0", "") for field in FIELDS}
        page = self.paged(audit.entries(self.workspace, **chosen))
        rows = [{"entry": entry, "changes": changes(entry.before, entry.after)} for entry in page]
        return self.page({"page": page, "rows": rows, "chosen": chosen, "narrowed": any(chosen.values())})


class AuditChainStatus(WorkspacePage):
    """Walks the whole chain: asked for by a button, because a long log takes a while."""

    right = Right.READ_AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        """The verdict as a part of the page."""
        return self.part("console/parts/chain.html", {"verdict": audit.verify(self.workspace)})


def changes(before: str, after: str) -> list[dict[str, Any]]:
    """Field by field what an entry says was before and after, as text."""
    old, new = audit.read(before) or {}, audit.read(after) or {}
    return [{"field": field, "old": _text(old.get(field)), "new": _text(new.get(field))} for field in {**old, **new}]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
