"""The table of segments. Private to this package; others use its selectors."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.kernel import clock
from ferry.kernel.db import TenantModel


class SegmentKind(models.TextChoices):
    RULES = "rules", _("rules")
    LIST = "list", _("list")
    PREDICTION = "prediction", _("prediction")


class SegmentField(models.TextChoices):
    USER = "userId", _("users")
    DEVICE = "deviceId", _("devices")


class Segment(TenantModel):
    """Who belongs: whoever meets all constraints, or whoever is on a stored list.

    A prediction is a list that the platform fills: the users of one host app whose risk of leaving is in one band.

    Snapshots read these rows: they are written inside publishing_workspace() only.
    """

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    kind = models.CharField(max_length=12, choices=SegmentKind)
    constraints = models.JSONField(default=list)  # as the engine reads them; of a list, the one that names it
    list_field = models.CharField(max_length=8, choices=SegmentField, blank=True)
    list_sha = models.CharField(max_length=64, blank=True)  # address of the stored set
    list_size = models.PositiveIntegerField(default=0)
    predicted_app = models.CharField(max_length=26, blank=True)  # of a prediction: the host app's id
    predicted_band = models.CharField(max_length=8, blank=True)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("segment")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workspace", "name"], name="analytics_segment_name"),
            models.UniqueConstraint(
                fields=["predicted_app", "predicted_band"],
                condition=~models.Q(predicted_app=""),
                name="analytics_segment_prediction",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def set_list(self, sha: str, size: int) -> None:
        """Name the stored set that this list now is. Membership then demands a verified user or device."""
        self.list_sha, self.list_size = sha, size
        self.constraints = [{"contextName": self.list_field, "operator": "IN_SET", "set": sha}]
