"""Mini-programs, their versions, reviews and releases. Private to this app: others call selectors and services."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ferry.kernel.db import TenantModel
from miniapps.releases import Kind, State


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


class Version(TenantModel):
    """One uploaded build and its canonical package. Never changed after upload: what is approved is what is served."""

    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    code = models.PositiveIntegerField()  # grows with every upload
    name = models.CharField(max_length=64)  # for people: "1.3.0"
    kind = models.CharField(max_length=16)  # of package: "h5"
    sha256 = models.CharField(max_length=64)  # of the canonical stored zip, whose blob it names
    size = models.PositiveBigIntegerField()  # bytes of that zip
    files_root = models.CharField(max_length=64)  # sha256 over the file table, see packages.canonical
    files = models.JSONField(default=list)  # [[path, offset, size, sha256], …] by path
    entry = models.CharField(max_length=1024)  # the path that opens first
    host_range = models.JSONField(default=dict)  # {"android": {"min": "6.0.0", "max": null}}
    min_runtime = models.CharField(max_length=32, blank=True)  # of the kind; empty where the kind has none
    notes = models.TextField(blank=True)
    report = models.JSONField(default=dict)  # {"errors": [], "warnings": [], "ignored": []}, see packages.findings
    uploaded_by = models.CharField(max_length=64)  # person_id
    uploaded_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="one_version_per_code"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class ReviewState(models.TextChoices):
    """Where the review of a version for one host app stands."""

    SUBMITTED = "submitted", _("submitted")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


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


class PreviewHost(TenantModel):
    """An unguessable host name under the content origin that shows one version until it expires."""

    label = models.CharField(max_length=40, unique=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)  # person_id

    def __str__(self) -> str:
        return self.label
