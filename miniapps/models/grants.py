"""What mini-programs may call and reach on a host app, and who decided; the workspace's own capabilities."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram
from miniapps.models.versions import Version


class Capability(TenantModel):
    """A capability that the workspace's host apps offer beside the built-in ones, or a built-in one seen otherwise."""

    name = models.CharField(max_length=64)
    title = models.CharField(max_length=64)
    description = models.CharField(max_length=500, blank=True)
    sensitive = models.BooleanField(default=True)  # never granted along with a version
    created_by = models.CharField(max_length=64)  # person_id

    class Meta:
        verbose_name = "capability"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_capability_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class GrantState(models.TextChoices):
    """Where the request for a permission stands. All but the first two are final."""

    REQUESTED = "requested", _("requested")
    GRANTED = "granted", _("granted")
    REJECTED = "rejected", _("rejected")
    REVOKED = "revoked", _("revoked")
    WITHDRAWN = "withdrawn", _("taken back")


class Grant(TenantModel):
    """One permission of a mini-program on one host app, from the request to its end. Never deleted: it is the record.

    One that a version asked for counts for the versions whose manifest asks for it; one that was asked for
    `everywhere` counts for every version.
    """

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16)  # see permissions.asking.KINDS
    value = models.CharField(max_length=255)  # a capability's name or a domain in its clean form
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")  # the first that asked
    everywhere = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=GrantState.choices, default=GrantState.REQUESTED)
    purpose = models.TextField(blank=True)  # of whoever asks, for whoever decides
    requested_by = models.CharField(max_length=64)  # person_id
    requested_by_name = models.CharField(max_length=150, blank=True)
    decided_by = models.CharField(max_length=64, blank=True)  # person_id; of the last decision
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)  # of the last decision

    class Meta:
        verbose_name = "permission"
        constraints = [
            models.UniqueConstraint(
                fields=["host_app", "program", "kind", "value", "everywhere"],
                condition=Q(state__in=["requested", "granted"]),
                name="one_open_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
