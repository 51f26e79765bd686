"""The loader's tables: how far it has read, which files count, and where every record went.

They belong to the platform, not to a workspace: one loader works for all of them. Other apps read through
ferry.journal.selectors and name the host app, after they have checked whose it is.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ferry.kernel import clock
from ferry.kernel.db import Identified


class Cursor(models.Model):
    """How far one segment has been loaded. Written only inside the loader's transaction."""

    segment = models.CharField(primary_key=True, max_length=100)  # ferry.journal.folder.Segment.name
    position = models.BigIntegerField(default=0)  # bytes
    records = models.BigIntegerField(default=0)
    damaged = models.BigIntegerField(default=0)  # bytes of whole lines that were no record
    torn = models.BigIntegerField(default=0)  # bytes after the last newline of a dead segment; never acknowledged
    done = models.BooleanField(default=False)  # the file may be deleted; the row goes after it
    shipped = models.BooleanField(default=False)  # came through storage: the row stays until its edge has let go
    token = models.BigIntegerField(default=0)  # the fencing token under which it was last moved
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.segment} at {self.position}"


class StoredFile(Identified):
    """The manifest: a Parquet file that counts. A file without a row here does not exist for any reader."""

    table = models.CharField(max_length=40)  # "checkins", "keys", "quarantine", …
    host_app_id = models.CharField(max_length=26, blank=True)
    day = models.DateField()  # received, in UTC; of events, the day in which they happened
    path = models.CharField(max_length=200, unique=True)  # relative to FERRY_PARQUET_DIR
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["table", "host_app_id", "day"], name="journal_file_lookup"),
        ]

    def __str__(self) -> str:
        return self.path


class RetiredFile(models.Model):
    """A file whose rows stand in another one now. It lies here until whoever knew it has come to his end."""

    path = models.CharField(primary_key=True, max_length=200)  # relative to FERRY_PARQUET_DIR
    retired_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.path


class DailyCount(models.Model):
    """Where the records of one kind went, per host app and received day: received = stored + duplicate + rejected."""

    host_app_id = models.CharField(max_length=26, blank=True)  # "" = records that name no host app
    kind = models.CharField(max_length=32)
    day = models.DateField()
    received = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host_app_id", "kind", "day"], name="journal_one_count"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.host_app_id or 'nobody'} on {self.day}: {self.received}"
