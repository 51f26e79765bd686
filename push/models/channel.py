"""Where a device can be reached, and the own channel's inbox (push.inbox, push.engines)."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.kernel.db import TenantManager, TenantModel


class Channel(models.TextChoices):
    """Who carries a message: Ferry's own stream, or a vendor."""

    OWN = "own", _("Own channel")
    APNS = "apns", "APNs"


class Address(TenantModel):
    """A vendor's token of a device. A registered device has the own channel without a row here."""

    host_app_id = models.CharField(max_length=26)
    device_id = models.CharField(max_length=64)
    channel = models.CharField(max_length=8)
    token = models.CharField(max_length=500, blank=True)
    registered_at = models.BigIntegerField(default=0)  # edge receive time, ms; vendors say since when a token is dead
    dead_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host_app_id", "device_id", "channel"], name="push_address_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # A phone that was set up anew keeps its vendor's token and gets a new device id.
            models.Index(fields=["host_app_id", "token"], name="push_address_token"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.device_id}"


class ChannelSetting(TenantModel):
    """A host app's account with a vendor: what is public of it, and the sealed secret."""

    host_app_id = models.CharField(max_length=26)
    channel = models.CharField(max_length=8)
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    sealed = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host_app_id", "channel"], name="push_channel_setting_once"),
        ]

    def __str__(self) -> str:
        return self.channel


class InboxEntry(models.Model):
    """One envelope for one device. `position` orders all entries as they became visible, so those of a device too."""

    workspace = models.ForeignKey("identity.Workspace", on_delete=models.PROTECT, related_name="+")
    host_app_id = models.CharField(max_length=26)
    device_id = models.CharField(max_length=64)
    user = models.CharField(max_length=200, blank=True)  # whom it is for; "" = whoever holds the device
    position = models.BigIntegerField(unique=True)
    message_id = models.CharField(max_length=26)
    payload: models.JSONField[Any, Any] = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host_app_id", "device_id", "message_id"], name="push_inbox_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["host_app_id", "device_id", "position"], name="push_inbox_of_device"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.position}"


class PositionCounter(models.Model):
    """The last position given out. Its row lock makes positions become visible in order; a sequence would not."""

    name = models.CharField(primary_key=True, max_length=40)
    value = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
