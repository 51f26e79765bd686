"""What a workspace has decided about push, and how much of a rate has been used."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models

from ferry.kernel.db import TenantManager, TenantModel


class PushSetting(TenantModel):
    """One row per workspace, made at the first change; push.rules.limits has the defaults."""

    approval_above = models.PositiveIntegerField(null=True)  # people; null = nobody has to approve
    zone = models.CharField(max_length=64, default="UTC")  # IANA; of devices that do not tell theirs
    marketing_paused = models.BooleanField(default=False)
    paused_reason = models.CharField(max_length=300, blank=True)
    paused_by = models.CharField(max_length=60, blank=True)
    paused_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace"], name="push_setting_once"),
        ]

    def __str__(self) -> str:
        return f"push of {self.workspace_id}"


class RateBudget(models.Model):
    """What a message has sent within the last minute: [[second, count], …]. Its row lock puts workers in line."""

    workspace = models.ForeignKey("identity.Workspace", on_delete=models.PROTECT, related_name="+")
    message_id = models.CharField(primary_key=True, max_length=26)
    used: models.JSONField[Any, Any] = models.JSONField(default=list)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    def __str__(self) -> str:
        return self.message_id
