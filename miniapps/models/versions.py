"""Versions of a mini-program, and the preview hosts that show one."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram


class Version(TenantModel):
    """One uploaded build and its canonical package. Never changed after upload: what is approved is what is served."""

    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    code = models.PositiveIntegerField()  # grows with every upload
    name = models.CharField(max_length=64)  # for people: "1.3.0"
    kind = models.CharField(max_length=16)  # of package: "h5"
    sha256 = models.CharField(max_length=64)  # of the canonical stored zip, whose blob it names
    size = models.PositiveBigIntegerField()  # bytes of that zip
    files_root = models.CharField(max_length=64)  # sha256 over the file table, see packages.canonical
    codepush_hash = models.CharField(max_length=64, blank=True)  # miniapps.adapters.codepush.package_hash
    files = models.JSONField(default=list)  # [[path, offset, size, sha256], …] by path
    entry = models.CharField(max_length=1024)  # the path that opens first
    host_range = models.JSONField(default=dict)  # {"android": {"min": "6.0.0", "max": null}}
    min_runtime = models.CharField(max_length=32, blank=True)  # of the kind; empty where the kind has none
    notes = models.TextField(blank=True)
    declared = models.JSONField(default=dict)  # pages, subpackages, requested, plugins, preload: packages.declared
    report = models.JSONField(default=dict)  # {"errors": [], "warnings": [], "ignored": []}, see packages.findings
    uploaded_by = models.CharField(max_length=64)  # person_id
    uploaded_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="one_version_per_code"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class PreviewHost(TenantModel):
    """An unguessable host name under the content origin that shows one version until it expires."""

    label = models.CharField(max_length=40, unique=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)  # person_id

    def __str__(self) -> str:
        return self.label
