"""Stored files that nothing names: what a process that died has left in storage."""

from __future__ import annotations

from django.db import models


class Orphan(models.Model):
    """A blob that no row named when the sweep first looked. It is nobody's, so it belongs to no workspace."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    since = models.DateTimeField()  # when this database first knew nothing of it

    def __str__(self) -> str:
        return self.sha256
