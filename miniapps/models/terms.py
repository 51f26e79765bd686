"""The terms of a version on a host app, as they stand."""

from __future__ import annotations

from typing import Any

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.versions import Version


class Terms(TenantModel):
    """What the subjects said last about a version on a host app, counted and signed (see miniapps.terms).

    The row appears with the first thing said and then stays, empty if need be: devices must see the serial grow.
    """

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    serial = models.PositiveIntegerField()  # 1, 2, 3 … grows with every change
    body = models.JSONField()  # the terms without their serial
    signature = models.JSONField()  # {"alg", "kid", "value"} over the terms statement, with the package key

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host_app", "version"], name="one_terms_per_version_and_app"),
        ]

    @property
    def numbered(self) -> dict[str, Any]:
        """The terms as they are signed and sent."""
        return {"serial": self.serial, **self.body}

    def __str__(self) -> str:
        return f"{self.version_id} on {self.host_app_id}: {self.serial}"
