"""Templates: content that is written once and sent often."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.kernel import clock
from ferry.kernel.db import TenantModel


class Template(TenantModel):
    """Content with {{placeholders}}. Copied when it is used: a later change does not reach what was approved."""

    name = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    body = models.CharField(max_length=2000)
    data = models.JSONField(default=dict)  # for the host app; values are texts
    link = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField(default=clock.now)
    updated_by = models.CharField(max_length=60)

    class Meta:
        verbose_name = _("template")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="push_template_name"),
        ]

    def __str__(self) -> str:
        return self.name
