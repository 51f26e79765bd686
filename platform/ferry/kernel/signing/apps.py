"""The Django app of signing: it contributes the public keys and the freshness statement to every snapshot."""

from __future__ import annotations

from django.apps import AppConfig


class SigningConfig(AppConfig):
    name = "ferry.kernel.signing"
    label = "signing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ferry.kernel.publishing import registry
        from ferry.kernel.signing import freshness, snapshot

        registry.register_part("keys", build=snapshot.build_keys, keys=snapshot.keys_of)
        registry.register_stamp(freshness.statement)
