"""Categories of the directory: one list for each workspace, in order."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel


class Category(TenantModel):
    """A shelf of the directory. Mini-programs name it by its key."""

    key = models.CharField(max_length=64)
    names = models.JSONField(default=dict)  # language ("en", "zh-Hans") → name
    place = models.PositiveIntegerField()  # 0, 1, 2 …

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="one_category_per_key"),
        ]

    def __str__(self) -> str:
        return self.key
