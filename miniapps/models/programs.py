"""Mini-programs, and how each is shown on a host app."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel


class MiniProgram(TenantModel):
    """One mini-program of a workspace: what people see in the directory. `program_id` is what devices know it by."""

    program_id = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=500, blank=True)
    category = models.CharField(max_length=64, blank=True)
    order = models.IntegerField(default=0)  # in the directory; smaller comes first
    icons = models.JSONField(default=dict)  # {"48": sha256 of a PNG, "48.webp": sha256, …}; empty without an icon
    created_by = models.CharField(max_length=64)  # person_id

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "program_id"], name="one_program_id_per_workspace"),
        ]

    def __str__(self) -> str:
        return self.name


class Listing(TenantModel):
    """That a mini-program is known on a host app, how it is shown there, and whether it is withdrawn."""

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    order = models.IntegerField(null=True)  # null: as the program says
    category = models.CharField(max_length=64, null=True)  # null: as the program says
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_message = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host_app", "program"], name="one_listing"),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} on {self.host_app_id}"
