"""A message, the pieces it is delivered in, and the ledger of what became of it on each device."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.kernel import clock
from ferry.kernel.db import TenantManager, TenantModel
from push.rules.ledger import State


class Content(TenantModel):
    """What a message says; copied from a template or given."""

    title = models.CharField(max_length=200)
    body = models.CharField(max_length=2000)
    data = models.JSONField(default=dict)
    link = models.CharField(max_length=500, blank=True)
    template_id = models.CharField(max_length=26, blank=True)  # where it came from

    class Meta:
        abstract = True


class Message(Content):
    """One sending: a service message, a run of a campaign, or a test. Never changed once made."""

    class Kind(models.TextChoices):
        SERVICE = "service", _("service")
        MARKETING = "marketing", _("marketing")
        TEST = "test", _("test")

    host_app_id = models.CharField(max_length=26)
    kind = models.CharField(max_length=9, choices=Kind)
    campaign_id = models.CharField(max_length=26, blank=True)
    run_id = models.CharField(max_length=26, blank=True)
    audience: models.JSONField[Any, Any] = models.JSONField(null=True)  # frozen; null = the ledger says
    holdout_share = models.PositiveIntegerField(default=0)
    quiet_hours: models.JSONField[Any, Any] = models.JSONField(null=True)
    zone = models.CharField(max_length=64, default="UTC")
    max_per_minute = models.PositiveIntegerField(null=True)
    seen_before = models.DateTimeField(null=True)  # devices that came later are not of the frozen audience
    expires_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    created_by_name = models.CharField(max_length=150)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # what a channel last complained about

    class Meta:
        verbose_name = _("message")
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["workspace", "kind"], name="push_message_kind")]

    def __str__(self) -> str:
        return self.title


class Recipient(models.Model):
    """A user that a service message was addressed to, with the values for the placeholders."""

    workspace = models.ForeignKey("identity.Workspace", on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    user = models.CharField(max_length=200)
    values: models.JSONField[Any, Any] = models.JSONField(default=dict)
    devices = models.PositiveIntegerField(default=0)  # bound to the user when the message was taken

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "user"], name="push_recipient_once"),
        ]

    def __str__(self) -> str:
        return self.user


class Shard(TenantModel):
    """A piece of a message: a key range of the audience, or (later waves) the ledger rows that wait for its time.

    Lease, fencing token and cursor are written `WHERE token = mine` only: zero rows means that somebody else has it.
    """

    class State(models.TextChoices):
        READY = "ready"
        LEASED = "leased"
        DONE = "done"
        STOPPED = "stopped"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    message_id: str  # as the foreign key has it
    number = models.PositiveIntegerField()
    wave = models.DateTimeField()  # when its rows are due; the first wave is the plan's time
    ranged = models.BooleanField(default=False)  # reads the audience between the bounds; else its ledger rows alone
    after = models.CharField(max_length=64, blank=True)  # exclusive
    until = models.CharField(max_length=64, blank=True)  # inclusive; "" = no end
    size = models.PositiveIntegerField(default=0)  # devices in the range when it was planned
    examined = models.PositiveIntegerField(default=0)
    urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    not_before = models.DateTimeField(default=clock.now)
    token = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    cursor = models.CharField(max_length=64, blank=True)
    exhausted = models.BooleanField(default=False)  # the range has been read to its end

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "number", "wave"], name="push_shard_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "not_before"], name="push_shard_ready"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.number}"


class Delivery(models.Model):
    """One device's copy of a message: what became of it, and why. Numbered: there may be millions."""

    workspace = models.ForeignKey("identity.Workspace", on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    message_id: str  # as the foreign key has it
    shard = models.ForeignKey(Shard, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    device_id = models.CharField(max_length=64)
    user = models.CharField(max_length=200, blank=True)  # verified; "" = nobody is bound to the device
    channel = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=9, choices=[(state.value, state.value) for state in State])
    reason = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    planned_at = models.DateTimeField()  # when it is meant to be sent; the return window begins here, held out or not
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "device_id"], name="push_delivery_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Only rows that somebody still has to finish carry their shard, so this stays small.
            models.Index(
                fields=["shard", "device_id"], name="push_delivery_open", condition=models.Q(shard__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.device_id}"
