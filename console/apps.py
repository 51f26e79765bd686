"""The operators' and developers' web pages: the face on top of everything else."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """Pages only: no table and no rule lives here. Delete this app and the management API still does everything."""

    name = "console"
    verbose_name = _("Console")
