"""The Django app of leases and heartbeats."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "ferry.kernel.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
