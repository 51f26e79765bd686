"""The Django app of publishing."""

from __future__ import annotations

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    name = "ferry.kernel.publishing"
    label = "publishing"
    default_auto_field = "django.db.models.BigAutoField"
