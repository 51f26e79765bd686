"""Tables of analytics: devices and what is installed on them. Private to this app; others use selectors.

The loader alone writes here, in the transaction that also moves its cursor (ferry.journal.loader): there are no
other writers to lock out.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

from ferry.kernel.db import TenantManager, TenantModel


class Device(TenantModel):
    """An installation of a host app, as its records have left it.

    The pairs `…_at` (edge receive time, ms) and `…_seq` are the position of the record that wrote a group of fields:
    see analytics.folding. `last_seen` is exact to LAST_SEEN_STEP of analytics.handlers, not to the second.
    """

    host_app_id = models.CharField(max_length=26)
    device_id = models.CharField(max_length=64)
    registered = models.BooleanField(default=False)  # asked for a device token; otherwise only seen in check-ins
    consent = models.JSONField(null=True)
    consent_at = models.BigIntegerField(default=0)
    consent_seq = models.BigIntegerField(default=0)
    bound_user = models.CharField(max_length=200, blank=True)  # verified
    bound_by = models.CharField(max_length=64, blank=True)
    bound_at = models.BigIntegerField(default=0)
    bound_seq = models.BigIntegerField(default=0)
    claimed_user = models.CharField(max_length=200, blank=True)  # what the device says; never good for deliveries
    platform = models.CharField(max_length=64, blank=True)
    os = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=120, blank=True)
    host_version = models.CharField(max_length=64, blank=True)
    network = models.CharField(max_length=64, blank=True)
    locale = models.CharField(max_length=64, blank=True)
    context_at = models.BigIntegerField(default=0)
    context_seq = models.BigIntegerField(default=0)
    attributes = models.JSONField(default=dict)
    installed = models.JSONField(default=list)  # [[program id, version code, release id or ""], …]
    observed_at = models.BigIntegerField(default=0)
    observed_seq = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host_app_id", "device_id"], name="analytics_device_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["host_app_id", "-last_seen"], name="analytics_device_recent"),
            models.Index(fields=["host_app_id", "bound_user"], name="analytics_device_user"),
        ]

    def __str__(self) -> str:
        return self.device_id


class InstalledVersion(models.Model):
    """One mini-program on one device: the countable form of Device.installed. Written by analytics.device_rows.

    Numbered instead of named: there may be twenty of them for each device, and nobody refers to one.
    """

    workspace = models.ForeignKey("identity.Workspace", on_delete=models.PROTECT, related_name="+")
    host_app_id = models.CharField(max_length=26)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    program_id = models.CharField(max_length=64)
    code = models.IntegerField()
    release_id = models.CharField(max_length=64, blank=True)  # "" = not from a release that its check-in named

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["device", "program_id"], name="analytics_installed_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["host_app_id", "program_id", "code"], name="analytics_installed_count"),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} {self.code}"


from analytics.churn.models import (  # noqa: E402, F401 - tables of this app, kept in packages of their own
    ChurnModel,
    ChurnRun,
    ChurnScore,
    ChurnSetting,
    EventImport,
)
from analytics.segments.models import Segment  # noqa: E402, F401
