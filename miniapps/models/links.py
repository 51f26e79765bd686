"""Short links: an address that opens one page of a mini-program in a host app."""

from __future__ import annotations

from django.db import models

from ferry.kernel.db import TenantModel
from miniapps.models.programs import MiniProgram


class ShortLink(TenantModel):
    """`{edge}/l/{code}`: a landing page that leads into the host app, and nowhere else."""

    host_app = models.ForeignKey("identity.HostApp", on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(MiniProgram, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=32, unique=True)  # see miniapps.shortcodes
    name = models.CharField(max_length=120, blank=True)  # for the people of the workspace
    path = models.CharField(max_length=512, blank=True)  # page inside the package; empty: where it starts
    query = models.CharField(max_length=1024, blank=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # by hand, or by the sweep a while after it expired
    opens = models.PositiveBigIntegerField(default=0)  # counted by the loader
    last_opened_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=64)  # person_id
    created_by_name = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return self.code
