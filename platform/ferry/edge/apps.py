from django.apps import AppConfig


class EdgeConfig(AppConfig):
    """The device-facing side. It has no tables: what it knows comes from snapshots."""

    name = "ferry.edge"
    label = "edge"

    def ready(self) -> None:
        from ferry.edge.registry import register_loader

        register_loader("app", "ferry.edge.snapshot.hostapp.load_app")
        register_loader("keys", "ferry.edge.keys.load_keys")
