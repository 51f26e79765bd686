"""The "keys" part of a host app's snapshot: the public keys with which a phone checks what it gets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ferry.kernel.publishing.registry import PartBody
from ferry.kernel.signing import selectors

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


def keys_of(host_app: HostApp) -> Iterable[str]:
    """One part per host app, without a key of its own."""
    return ("",)


def build_keys(host_app: HostApp, key: str) -> PartBody:
    """Active and retired keys; never a private one."""
    return PartBody(
        body={
            "keys": [
                {"kid": row.kid, "alg": row.alg, "purpose": row.purpose, "pem": row.public_pem}
                for row in selectors.public_keys(host_app.workspace)
            ]
        }
    )
