"""Reading the audit log and checking that nobody touched it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ferry.kernel.audit import chain
from ferry.kernel.audit.models import AuditChain, AuditEntry
from ferry.kernel.audit.services import chain_key, content
from ferry.kernel.identity.models import Workspace


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a workspace's chain found. `broken_at` is the number of the first entry that does not hold."""

    workspace: str
    entries: int
    head: str
    broken_at: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether every entry is there and as it was written."""
        return self.broken_at is None


def entries(
    workspace: Workspace,
    *,
    action: str = "",
    person_id: str = "",
    target_kind: str = "",
    target_id: str = "",
) -> QuerySet[AuditEntry]:
    """Entries of a workspace, newest first, narrowed by what is given. An action that ends in "." is a prefix."""
    rows = AuditEntry.objects.of(workspace).order_by("-number")
    if action:
        rows = rows.filter(action__startswith=action) if action.endswith(".") else rows.filter(action=action)
    given = {"person_id": person_id, "target_kind": target_kind, "target_id": target_id}
    return rows.filter(**{field: value for field, value in given.items() if value})


def read(text: str) -> dict[str, Any] | None:
    """`before` or `after` of an entry as a value."""
    value: dict[str, Any] | None = json.loads(text) if text else None
    return value


def verify(workspace: Workspace) -> Verdict:
    """Walk the chain from its start. The first entry that is missing, changed, added or cut off is named.

    Reads the end of the chain first: entries written while it walks lie beyond that end and are not looked at.
    """
    key = chain_key()
    slug = workspace.slug
    end = AuditChain.objects.filter(workspace=workspace).first()
    if end is None or end.length == 0:  # making the workspace was its first entry
        return Verdict(slug, 0, "", 1, "the entry is missing: the whole log is gone")

    def broken(number: int, reason: str) -> Verdict:
        return Verdict(slug, end.length, end.head, number, reason)

    expected, previous = 1, chain.START
    rows = AuditEntry.objects.of(workspace).order_by("number", "id")
    for entry in rows.filter(number__lte=end.length).iterator(chunk_size=2000):
        if entry.number != expected:
            return broken(expected, "the entry is missing")
        if not chain.same(entry.previous, previous):
            return broken(expected, "the entry does not follow the one before it")
        if not chain.same(entry.hash, chain.link(key, previous, content(entry))):
            return broken(expected, "the entry was changed after it was written")
        expected, previous = expected + 1, entry.hash
    if expected <= end.length:
        return broken(expected, "the entry is missing: the end of the log was cut off")
    if not chain.same(end.head, previous):
        return broken(end.length, "the entry is not the one that the end of the chain names")
    if not chain.same(end.seal, chain.seal(key, workspace.id, end.length, end.head)):
        return broken(end.length, "the end of the chain was moved: entries after this one may have been cut off")
    beyond = AuditEntry.objects.of(workspace).filter(number__gt=end.length).order_by("number").first()
    if beyond is not None and not _grown_since(workspace, end):
        return broken(beyond.number, "the entry lies beyond the end of the chain")
    return Verdict(slug, end.length, end.head)


def _grown_since(workspace: Workspace, end: AuditChain) -> bool:
    """Whether somebody wrote an entry while we were walking."""
    return AuditChain.objects.filter(workspace=workspace, length__gt=end.length).exists()
