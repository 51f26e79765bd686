"""Tables of publishing. Private to this app: the edge reads through selectors, everybody writes through services."""

from __future__ import annotations

from django.db import models


class SnapshotVersion(models.Model):
    """The head of one host app's snapshot, and the row that every publisher of that host app locks first (rule 5).

    `manifest` maps "kind:key" to {"sha": part, "sets": [set, …]}. `version` grows by one with each change, only then.
    """

    host_app = models.OneToOneField("identity.HostApp", on_delete=models.CASCADE, primary_key=True, related_name="+")
    version = models.BigIntegerField(default=0)  # 0: nothing was published yet
    manifest = models.JSONField(default=dict)
    published_at = models.DateTimeField(null=True)
    freshness = models.JSONField(null=True)
    freshness_stamp = models.BigIntegerField(default=0)  # ms; when `freshness` was signed, so that a poll reads no JSON

    def __str__(self) -> str:
        return f"{self.host_app_id} v{self.version}"


class SnapshotPart(models.Model):
    """The bytes of a part or a set under their sha256: written once, never changed, swept when nobody names them."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    body = models.BinaryField()
    unused_since = models.DateTimeField(null=True, db_index=True)  # when the sweep first found that nothing names it

    def __str__(self) -> str:
        return self.sha256
