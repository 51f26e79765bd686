"""Marketing campaigns and the due rows of their runs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.kernel import clock
from ferry.kernel.db import TenantModel
from push.models.message import Content
from push.rules.campaigns import State


class Audience(models.TextChoices):
    """Whom a campaign is for."""

    EVERYONE = "everyone", _("everyone")
    USERS = "users", _("named users")
    SEGMENT = "segment", _("a segment")
    BAND = "band", _("a prediction band")


class Campaign(Content):
    """A marketing message to an audience. Its states are push.rules.campaigns; each edit raises `revision`."""

    host_app_id = models.CharField(max_length=26)
    name = models.CharField(max_length=120)
    values: models.JSONField[Any, Any] = models.JSONField(default=dict)  # the same for everybody
    audience: models.JSONField[Any, Any] = models.JSONField()
    holdout_share = models.PositiveIntegerField(default=0)  # in 1/10,000 of the people
    return_window_s = models.PositiveIntegerField(default=7 * 86_400)
    return_signal = models.CharField(max_length=8, default="any")
    quiet_hours: models.JSONField[Any, Any] = models.JSONField(null=True)  # {"start": "22:00", "end": "08:00"}
    zone = models.CharField(max_length=64, blank=True)  # of devices that do not tell theirs; "" = the workspace's
    max_per_minute = models.PositiveIntegerField(null=True)
    valid_for_s = models.PositiveIntegerField(default=3 * 86_400)
    planned_at = models.DateTimeField(null=True)  # null = as soon as it is scheduled
    late_by_s = models.PositiveIntegerField(default=3600)  # a run that would begin later than this is missed
    state = models.CharField(
        max_length=16, choices=[(state.value, state.value) for state in State], default=State.DRAFT.value
    )
    reason = models.CharField(max_length=300, blank=True)  # why it is where it is, for people
    revision = models.PositiveIntegerField(default=1)
    writers: models.JSONField[Any, Any] = models.JSONField(default=list)  # person ids of everybody who ever wrote in it
    created_by = models.CharField(max_length=60)
    created_by_name = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=60, blank=True)
    approved_by_name = models.CharField(max_length=150, blank=True)
    approved_revision = models.PositiveIntegerField(default=0)
    approved_audience = models.CharField(max_length=64, blank=True)  # fingerprint of what its segment was then
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("campaign")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["workspace", "state"], name="push_campaign_state"),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignRun(TenantModel):
    """A due row: the campaign is to run at `planned_at`. Unique, so that a doubled tick does nothing twice."""

    class State(models.TextChoices):
        DUE = "due"
        STARTED = "started"
        MISSED = "missed"
        STOPPED = "stopped"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+")
    campaign_id: str  # as the foreign key has it
    planned_at = models.DateTimeField()
    latest_start = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    started_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=26, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["campaign", "planned_at"], name="push_run_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "planned_at"], name="push_run_due")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.planned_at:%F %T}"
