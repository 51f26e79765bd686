"""Analytics joins the platform here: its record kinds at the loader, its routes and parts where they are read."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"
    verbose_name = _("analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from analytics import observations
        from analytics.events import aliases, table
        from analytics.events import records as event_records
        from analytics.events.handler import EventHandler
        from analytics.handlers import DeviceHandler
        from analytics.records import KINDS
        from analytics.segments import registration
        from ferry.edge.registry import register_routes
        from ferry.journal.registry import register_handler, register_layout

        register_handler(*KINDS, handler=DeviceHandler())
        register_handler(event_records.KIND, handler=EventHandler())
        register_layout(table.TABLE, table.LAYOUT)
        register_layout(aliases.TABLE, aliases.LAYOUT)
        register_layout(observations.TABLE, observations.LAYOUT)
        register_routes("analytics.edge.add_routes")
        register_routes("analytics.events.edge.add_routes")
        registration.register()
