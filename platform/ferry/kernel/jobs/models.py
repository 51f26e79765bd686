"""Tables of background work. Private to this app."""

from __future__ import annotations

from django.db import models

from ferry.kernel import clock


class Lease(models.Model):
    """Who may do a piece of work now. `token` grows with every change of holder: it fences off the one before."""

    name = models.CharField(primary_key=True, max_length=100)
    token = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=100)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} #{self.token}"


class Heartbeat(models.Model):
    """A process of the platform and when it was last seen."""

    key = models.CharField(primary_key=True, max_length=140)  # "<kind>:<id>"
    kind = models.CharField(max_length=20)
    process_id = models.CharField(max_length=100)
    host = models.CharField(max_length=100)
    seen_at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return self.key
