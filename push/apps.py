"""Push joins the platform here: its record kinds at the loader, its routes at the edge, its channels by name."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PushConfig(AppConfig):
    name = "push"
    label = "push"
    verbose_name = _("push")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from analytics.segments.uses import register_uses
        from analytics.signals import marketing_refused
        from ferry.edge.registry import register_routes
        from ferry.journal.registry import register_handler
        from ferry.kernel.publishing.registry import register_holder
        from push import audiences
        from push.engines import registry
        from push.engines.apns.engine import Apns
        from push.engines.own import OwnChannel
        from push.receipts.addresses import forget
        from push.receipts.handler import PushHandler
        from push.receipts.records import KINDS

        register_handler(*KINDS, handler=PushHandler())
        marketing_refused.connect(forget, dispatch_uid="push.addresses")
        register_uses(audiences.uses)
        register_holder(audiences.held_sets)
        register_routes("push.edge.add_routes")
        registry.register("own", OwnChannel())
        registry.register("apns", Apns())
