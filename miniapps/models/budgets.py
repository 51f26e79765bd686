"""What mini-programs of a workspace may weigh."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel


class SizeBudget(TenantModel):
    """The workspace's own budgets, in bytes of unpacked files; without a row those of packages.sizes apply."""

    total = models.PositiveBigIntegerField()
    main = models.PositiveBigIntegerField()
    subpackage = models.PositiveBigIntegerField()  # each of them

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="one_size_budget")]

    def __str__(self) -> str:
        return f"{self.total}"
