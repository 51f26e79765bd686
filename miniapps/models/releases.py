"""Releases: who gets a version on one host app."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram
from miniapps.models.versions import Version
from miniapps.releases import Kind, State


class Release(TenantModel):
    """Who gets a version on one host app. Its moves are the table in miniapps.releases; final states stay final."""

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    serial = models.PositiveIntegerField()  # 1, 2, 3 … per host app and program: newer counts first
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in Kind])
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in State])
    share = models.PositiveIntegerField(default=0)  # 1/10,000; gray only
    stickiness = models.CharField(max_length=64, default="deviceId")
    cohort = models.CharField(max_length=32)  # salt of the share; a gray that supersedes another inherits it
    conditions = models.JSONField(default=list)  # targeting constraints
    segment_ids = models.JSONField(default=list)
    allowlist_users = models.CharField(max_length=64, blank=True)  # sha256 of a stored set
    allowlist_users_count = models.PositiveIntegerField(default=0)
    allowlist_devices = models.CharField(max_length=64, blank=True)
    allowlist_devices_count = models.PositiveIntegerField(default=0)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    apply = models.CharField(max_length=16, default="next_open")
    network = models.CharField(max_length=8, default="any")
    note = models.TextField(blank=True)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    started_by = models.CharField(max_length=64)  # person_id
    started_by_name = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)  # of the last pause, roll-back or change

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host_app", "program", "serial"], name="release_serial"),
            models.UniqueConstraint(
                fields=["host_app", "program"],
                condition=Q(kind="gray", state__in=["scheduled", "running", "paused"]),
                name="one_open_gray",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.serial} {self.kind} {self.state}"
