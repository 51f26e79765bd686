"""What a version can be fetched in, and what it borrows: its parts, and the plugins it uses."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.versions import Version


class Part(TenantModel):
    """One part of a version's package: the main part or a sub-package, a canonical package of its own."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    place = models.PositiveIntegerField()  # the main part first, then as the manifest lists them
    name = models.CharField(max_length=64)  # "__APP__" for the main part
    root = models.CharField(max_length=1024, blank=True)
    independent = models.BooleanField(default=False)
    sha256 = models.CharField(max_length=64)  # of the part's stored zip, whose blob it names
    size = models.PositiveBigIntegerField()  # bytes of that zip

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="one_part_per_name")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.name}"


class PluginUse(TenantModel):
    """That a version uses a plugin: kept beside `declared`, so that a plugin finds the versions that depend on it."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    plugin_id = models.CharField(max_length=64)  # program_id of the plugin, which may not exist yet
    alias = models.CharField(max_length=64)  # what the version's code calls it
    range = models.CharField(max_length=64)  # of the plugin's versions, in npm's notation

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "alias"], name="one_plugin_per_alias")]
        indexes = [models.Index(fields=["workspace", "plugin_id"], name="plugin_users")]

    def __str__(self) -> str:
        return f"{self.version_id} uses {self.plugin_id} {self.range}"
