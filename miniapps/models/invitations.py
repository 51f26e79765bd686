"""Invitations to a trial: a link or QR that lets whoever opens it in the host app take part until it ends."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.releases import Release


class Invitation(TenantModel):
    """A way into one trial. Whoever holds the token takes part; devices keep it and show it at their check-ins.

    Snapshots carry the hash alone, so neither they nor the database invite anybody; `sealed` opens for the console.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True)  # for whom: "support team"
    sha256 = models.CharField(max_length=64, unique=True)  # of the token
    sealed = models.TextField()  # the token
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=64)  # person_id
    created_by_name = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return f"{self.name or self.pk} to {self.release_id}"
