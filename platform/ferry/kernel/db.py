"""Tenancy and writing, in one place: `objects.of(workspace)` is the only door to tenant data (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

from django.db import models

from ferry.kernel import clock, ids

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

M = TypeVar("M", bound=models.Model)


class UnscopedQuery(RuntimeError):
    """A query on tenant data that names no workspace: a bug, never an answer to a user."""


class TenantManager(models.Manager[M], Generic[M]):
    """Refuses every query that does not say whose rows it wants.

    `of(workspace)` is for everybody. `unscoped()` is for sign-in, the publisher, the loader and ticks, which work
    across workspaces by design: tests/contracts/test_tenancy.py lists each place that may call it.
    """

    use_in_migrations = False

    def of(self, workspace: Workspace) -> models.QuerySet[M]:
        """The rows of one workspace."""
        return super().get_queryset().filter(workspace=workspace)

    def unscoped(self) -> models.QuerySet[M]:
        """All rows. Only where the list in tests/contracts/test_tenancy.py says so."""
        return super().get_queryset()

    def create(self, **values: Any) -> M:
        """Insert one row; its workspace is among the values."""
        row = self.model(**values)
        row.save(force_insert=True, using=self.db)
        return row

    def insert(self, rows: Iterable[M], *, ignore_conflicts: bool = False, batch_size: int = 500) -> list[M]:
        """Insert many rows at once; each carries its workspace."""
        return super().get_queryset().bulk_create(rows, batch_size=batch_size, ignore_conflicts=ignore_conflicts)

    def get_queryset(self) -> NoReturn:
        raise UnscopedQuery(f"{self.model.__name__}.objects needs .of(workspace)")


class Identified(models.Model):
    """A row with a sortable id of Ferry's own kind and the time of its making."""

    id = models.CharField(primary_key=True, max_length=ids.LENGTH, default=ids.new, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class TenantModel(Identified):
    """A row that belongs to one workspace."""

    workspace = models.ForeignKey("identity.Workspace", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
