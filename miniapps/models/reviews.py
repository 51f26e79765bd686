"""Reviews: a version is approved or rejected for one host app at a time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ferry.kernel.db import TenantModel
from miniapps.models.versions import Version


class ReviewState(models.TextChoices):
    """Where the review of a version for one host app stands."""

    SUBMITTED = "submitted", _("submitted")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ReasonCode(models.TextChoices):
    """What a rejection is about, so that developers can count and filter; the text says the rest."""

    BROKEN = "broken", _("It does not work as described")
    CONTENT = "content", _("Its content is not allowed")
    PRIVACY = "privacy", _("It asks for more data than it needs, or says too little about it")
    SECURITY = "security", _("It is not safe")
    PERMISSIONS = "permissions", _("It asks for capabilities or domains that it does not need")
    APPEARANCE = "appearance", _("It cannot be read or used well")
    PERFORMANCE = "performance", _("It is too large or too slow")
    METADATA = "metadata", _("Its name, icon or description is wrong")
    OTHER = "other", _("Another reason")


class Review(TenantModel):
    """Approve or reject a version for one host app. The approval carries the signature that devices check."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, choices=ReviewState.choices, default=ReviewState.SUBMITTED)
    note = models.TextField(blank=True)  # of the submitter, for the reviewer
    submitted_by = models.CharField(max_length=64)  # person_id
    submitted_by_name = models.CharField(max_length=150, blank=True)
    promoted_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.CharField(max_length=64, blank=True)  # person_id
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    reason_codes = models.JSONField(default=list)  # of ReasonCode, when rejected
    signature = models.JSONField(null=True)  # {"alg", "kid", "value"} over the package statement, when approved

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "host_app"],
                condition=Q(state__in=["submitted", "approved"]),
                name="one_open_review",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.state}"
