"""App secrets of mini-programs, and the login codes that have been used."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram


class AppSecret(TenantModel):
    """A secret with which a mini-program's own server exchanges login codes. Stored as a hash, shown once.

    Two may be valid at a time: the newest, and the one before it until the overlap ends.
    """

    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=16, unique=True)  # public; what the secret is looked up by
    hash = models.CharField(max_length=64)  # sha256 of the whole; see ferry.kernel.identity.keys
    expires_at = models.DateTimeField(null=True)  # null: until it is rotated
    frozen_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=64)  # person_id
    created_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = "app secret"

    def __str__(self) -> str:
        return self.prefix


class UsedLoginCode(TenantModel):
    """That a code was exchanged: the row that makes it single-use. Swept when its code could no longer be valid."""

    code_id = models.CharField(max_length=26, unique=True)
    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    used_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.code_id
