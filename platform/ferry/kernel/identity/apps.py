"""Identity as a Django app: registers the part of the snapshot that it feeds."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "ferry.kernel.identity"
    label = "identity"

    def ready(self) -> None:
        """Tell the publisher who builds the "app" part."""
        from ferry.kernel.identity import snapshot
        from ferry.kernel.publishing.registry import register_part

        register_part(snapshot.KIND, build=snapshot.build, keys=snapshot.keys)
