"""What the releases of a mini-program were, one publish after the other: for hosts that never go back by themselves."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram


class Generation(TenantModel):
    """The rules of one program's releases on one host app between two publishes. See miniapps.adapters.dimina."""

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # the version code of what a device gets by it; grows by 2 at least
    published_at = models.DateTimeField()
    releases = models.JSONField()  # [{"id", "kind", "rule", "range", "installed_only", "version": {"code", "kind"}}]
    sets = models.JSONField(default=list)  # sha256 of the stored sets that the rules name

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host_app", "program", "number"], name="one_generation"),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} on {self.host_app_id}: {self.number}"
