"""The "app" part of a host app's snapshot: what the edge must know to recognise its devices, servers and users.

Built again on every change of a host app or its keys, and by the tick that compares. It must come out the same bytes
for the same rows: sealed values are taken as they are stored, never sealed anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from ferry.kernel.identity.models import HostApp, HostAppKey, KeyKind
from ferry.kernel.publishing.registry import PartBody

KIND = "app"


def keys(host_app: HostApp) -> Iterable[str]:
    """One part per host app, without a key of its own."""
    return ("",)


def build(host_app: HostApp, key: str) -> PartBody:
    """The part's body. Server keys go as hashes; the secrets that the edge must use go sealed."""
    app = HostApp.objects.of(host_app.workspace).select_related("workspace").get(pk=host_app.pk)
    live = HostAppKey.objects.of(app.workspace).filter(host_app=app, revoked_at=None).order_by("id")
    return PartBody(
        body={
            "id": app.id,
            "number": app.number,
            "app_key": app.app_key,
            "workspace": app.workspace_id,
            "name": app.name,
            "environment": app.environment,
            "platforms": app.platforms,
            "cors_origins": app.cors_origins,
            "check_interval_s": app.check_interval_s,
            "consent": app.consent,
            "link_base": app.link_base,
            "active": app.active,
            "device_token_key": app.device_token_key,
            "user_token_keys": [
                {"kid": row.kid, "alg": row.alg, "sealed": row.sealed or None, "pem": row.public_pem or None}
                for row in live
                if row.kind == KeyKind.USER_TOKEN
            ],
            "server_keys": [{"id": row.id, "sha256": row.hash} for row in live if row.kind == KeyKind.SERVER],
            "limits": {"checkins_per_second": app.checkins_per_second},
        }
    )
