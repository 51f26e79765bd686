"""Uploads that can be resumed: bytes on their way to become a version."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel


class ResumableUpload(TenantModel):
    """A file that arrives in pieces. `offset` bytes of it are durable in FERRY_DATA/uploads under the row's id."""

    size = models.PositiveBigIntegerField()  # bytes, as announced
    offset = models.PositiveBigIntegerField(default=0)  # bytes that are on disk for good
    metadata = models.CharField(max_length=2048, blank=True)  # as the client sent it, see miniapps.tus
    expires_at = models.DateTimeField()  # moves with every piece
    created_by = models.CharField(max_length=64)  # person_id; nobody else can add to it or use it

    def __str__(self) -> str:
        return f"{self.offset} of {self.size}"
