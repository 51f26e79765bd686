"""Privacy agreements of mini-programs, and who has accepted which."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram


class PrivacyAgreement(TenantModel):
    """What a mini-program tells people about their data before it opens. Never changed: a change is a new version."""

    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()  # 1, 2, 3 …; the newest counts
    text = models.JSONField(default=dict)  # language ("en", "zh-Hans") → a short text
    url = models.JSONField(default=dict)  # language → https address of the whole agreement
    created_by = models.CharField(max_length=64)  # person_id
    created_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "version"], name="one_agreement_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} privacy {self.version}"


class PrivacyAcceptance(TenantModel):
    """That somebody on a device accepted a version of an agreement. Written by the loader."""

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    program_id = models.CharField(max_length=64)  # as devices know it
    version = models.PositiveIntegerField()  # of the agreement
    device = models.CharField(max_length=64)
    user = models.CharField(max_length=200, blank=True)  # verified; empty when nobody was bound to the device
    accepted_at = models.DateTimeField()  # the edge's receive time

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host_app", "program_id", "version", "device"], name="one_acceptance_per_device"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} accepted {self.program_id} privacy {self.version}"
