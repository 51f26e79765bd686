"""Tables of the audit log. Entries are added by audit.services.record() alone and never change."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from ferry.kernel.db import TenantModel
from ferry.kernel.identity.models import Workspace


class AppendOnly(RuntimeError):
    """Somebody tried to change or delete an audit entry: a bug, never an answer to a user."""


class AuditEntry(TenantModel):
    """One act: who, from where, what, to what, before and after; chained to the entry before it.

    `before` and `after` hold canonical JSON as text, so that the bytes that were hashed are the bytes that are kept:
    PostgreSQL's jsonb would rewrite numbers.
    """

    number = models.PositiveBigIntegerField()  # 1, 2, 3 … in the workspace, without a gap
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=40)
    actor_name = models.CharField(max_length=200)
    person_id = models.CharField(max_length=60)
    address = models.CharField(max_length=45)
    request_id = models.CharField(max_length=64)
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=80)
    before = models.TextField()
    after = models.TextField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="audit_number_once")]
        indexes = [
            models.Index(fields=["workspace", "action", "-number"], name="audit_action"),
            models.Index(fields=["workspace", "target_kind", "target_id", "-number"], name="audit_target"),
            models.Index(fields=["workspace", "person_id", "-number"], name="audit_person"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; an entry that is stored already stays as it is."""
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise AppendOnly


class AuditChain(models.Model):
    """The end of a workspace's chain: how many entries there are and the hash of the last.

    Its row lock puts writers in line. `seal` is a keyed hash over the rest, so that nobody who can only write to the
    database can cut entries off the end and move the head back to match.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="+")
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")
    seal = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.length}"
