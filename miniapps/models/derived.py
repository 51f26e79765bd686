"""Files derived from packages: compressed copies and deltas."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram


class Form(models.TextChoices):
    """What is made of a package. The order is that of making: a delta is measured against the zstd copy."""

    ZSTD = "zstd"  # Content-Encoding: zstd
    GZIP = "gzip"  # Content-Encoding: gzip
    DEFLATED = "deflated"  # a compressed zip with a hash of its own
    DELTA = "delta"  # a zstd frame over the package `base` as dictionary; also what Content-Encoding: dcz carries


class Derived(TenantModel):
    """One file to be made of the package `source`, and how far that is. Written by miniapps.delivery alone.

    A worker holds the row while `state` is making: until `leased_until`, and as long as `token` is the one it took.
    """

    class State(models.TextChoices):
        DUE = "due"
        MAKING = "making"
        MADE = "made"
        REFUSED = "refused"  # `reason` says why; phones get the whole package

    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")  # whose part names it
    form = models.CharField(max_length=8, choices=Form.choices)
    source = models.CharField(max_length=64)  # sha256 of the package
    base = models.CharField(max_length=64, blank=True)  # of a delta: sha256 of the package that it applies to
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    reason = models.CharField(max_length=16, blank=True)  # too_large, no_gain or failed
    sha256 = models.CharField(max_length=64, blank=True)  # of the file, whose blob it names, once it is made
    size = models.PositiveBigIntegerField(default=0)  # bytes of that file; of a refused one what it would have had
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    unwanted_since = models.DateTimeField(null=True)  # when the plan first left it out

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "form", "base", "source"], name="derived_once"),
        ]
        indexes = [
            models.Index(
                fields=["state", "leased_until"], condition=Q(state__in=["due", "making"]), name="derived_open"
            ),
            models.Index(fields=["sha256"], name="derived_blob"),
        ]

    def __str__(self) -> str:
        return f"{self.form} of {self.source[:8]} {self.state}"
