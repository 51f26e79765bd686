"""What leaves the platform as a file and comes into it as one: preset bundles, exports, trusted exporters, imports."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ferry.kernel.db import TenantModel
from miniapps.models.versions import Version


class ArchiveKind(models.TextChoices):
    """What a file is made for."""

    PRESET = "preset", _("preset bundle")
    EXPORT = "export", _("export")


class ArchiveState(models.TextChoices):
    """Where the making of a file stands. A worker that holds one says so by its lease."""

    DUE = "due", _("being made")
    MADE = "made", _("made")
    REFUSED = "refused", _("could not be made")
    DELETED = "deleted", _("deleted")


class Archive(TenantModel):
    """A signed file that somebody asked for. Made once; `choice` says of what, as it was chosen.

    The row of a deleted one stays: hosts take a bundle by its serial, so none is given twice.
    """

    kind = models.CharField(max_length=8, choices=ArchiveKind.choices)
    host_app = models.ForeignKey(
        "identity.HostApp", null=True, on_delete=models.PROTECT, related_name="+"
    )  # of a preset
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")  # of an export
    serial = models.PositiveIntegerField()  # 1, 2, 3 … per host app, and for exports per workspace
    choice = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ArchiveState.choices, default=ArchiveState.DUE)
    problem = models.JSONField(null=True)  # {"code", "message"} when it could not be made
    attempts = models.PositiveIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)  # fences off a worker whose lease has passed to another
    leased_until = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    asked_by = models.CharField(max_length=64)  # person_id
    asked_by_name = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="archive_due")]
        constraints = [
            models.UniqueConstraint(fields=["host_app", "serial"], condition=Q(kind="preset"), name="preset_serial"),
            models.UniqueConstraint(fields=["workspace", "serial"], condition=Q(kind="export"), name="export_serial"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.serial}"


class TrustedExporter(TenantModel):
    """Another workspace whose exports this one takes: its public key, compared by a person, and what it may decide."""

    name = models.CharField(max_length=120)
    workspace_of_origin = models.CharField(max_length=64)  # id of the exporting workspace
    public_pem = models.TextField()
    fingerprint = models.CharField(max_length=64)  # sha256 of the key's SubjectPublicKeyInfo, hex
    approvals = models.JSONField(default=dict)  # app_key there → id of the host app here for which its approvals count
    trusted_by = models.CharField(max_length=64)  # person_id
    trusted_by_name = models.CharField(max_length=150, blank=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "fingerprint"], condition=Q(revoked_at=None), name="exporter_trusted_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ImportedVersion(TenantModel):
    """Where a version came from: the export as it was signed, kept as evidence."""

    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="imported")
    exporter = models.ForeignKey(TrustedExporter, on_delete=models.PROTECT, related_name="+")
    file_sha256 = models.CharField(max_length=64)  # of the export file
    document = models.TextField()  # export.json, byte for byte what `signature` is over
    signature = models.JSONField()  # {"alg", "kid", "value"}
    authors = models.JSONField(default=list)  # person_ids that uploaded or submitted it there: they decide nothing here
    imported_by = models.CharField(max_length=64)  # person_id
    imported_by_name = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return f"{self.version_id} from {self.exporter_id}"
