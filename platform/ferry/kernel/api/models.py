"""The answers kept for idempotency keys."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel


class IdempotencyKey(TenantModel):
    """One POST that was carried out, and its answer for 24 hours. Written in the transaction of the write itself.

    The answer is sealed: it may hold a token that is shown once and stored nowhere else.
    """

    actor_id = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(default="")
    location = models.CharField(max_length=500, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "actor_id", "key"], name="idempotency_key_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key
