"""The journal as a Django app: its tables are the loader's (cursors, manifest, counts); the writer needs none."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JournalConfig(AppConfig):
    name = "ferry.journal"
    label = "journal"
    verbose_name = _("journal")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ferry.journal.registry import register_layout

        register_layout("keys", "SELECT key FROM {files} ORDER BY key")
        register_layout("quarantine", "SELECT * FROM {files}")
