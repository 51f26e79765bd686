"""Mini-programs: from a developer's zip to the right devices, and back again."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MiniappsConfig(AppConfig):
    """Registers what this app adds: a snapshot part, what the edge does with it, and preview hosts."""

    name = "miniapps"
    verbose_name = _("Mini-programs")

    def ready(self) -> None:
        """Join the publisher, the edge and the content listener."""
        from analytics.segments.uses import register_uses
        from ferry.edge.content.previews import register_previews
        from ferry.edge.registry import register_loader, register_routes
        from ferry.journal.registry import register_handler
        from ferry.kernel.publishing.registry import register_holder, register_part
        from miniapps import offered, segment_uses, selectors, snapshot, snapshot_more
        from miniapps.adapters import history
        from miniapps.adapters import part as adapters
        from miniapps.handlers import LinkHandler, PrivacyHandler
        from miniapps.records import ACCEPTANCES, OPENINGS

        register_part("program", build=snapshot.build, keys=snapshot.keys)
        register_part("offered", build=offered.build, keys=offered.keys, after="program")
        register_part("categories", build=snapshot_more.build_categories, keys=snapshot_more.category_keys)
        register_part("links", build=snapshot_more.build_links, keys=snapshot_more.link_keys)
        register_part("adapter", build=adapters.build, keys=snapshot.keys, beside="program", remember=history.remember)
        register_loader("program", "miniapps.snapshot_load.load_program")
        register_loader("adapter", "miniapps.adapters.load.load_adapter")
        register_loader("offered", "miniapps.edge_offered.load_offered")
        register_loader("categories", "miniapps.snapshot_load_around.load_categories")
        register_loader("links", "miniapps.snapshot_load_around.load_links")
        register_routes("miniapps.edge.add_routes")
        register_routes("miniapps.edge_directory.add_routes")
        register_routes("miniapps.edge_offered.add_routes")
        register_routes("miniapps.adapters.codepush_edge.add_routes")
        register_routes("miniapps.links_edge.add_routes")
        register_routes("miniapps.login.edge.add_routes")
        register_routes("miniapps.privacy_edge.add_routes")
        register_handler(*ACCEPTANCES, handler=PrivacyHandler())
        register_handler(*OPENINGS, handler=LinkHandler())
        register_routes("miniapps.adapters.dimina_edge.add_routes")
        register_holder(history.held_sets)
        register_previews(selectors.preview)
        register_uses(segment_uses.uses)
