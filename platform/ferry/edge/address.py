"""Where a request comes from; X-Forwarded-For is believed only from TRUSTED_PROXIES."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferry.kernel.api.addresses import Network, resolve


def client_address(scope: Any, forwarded: bytes, trusted: Sequence[Network]) -> str:
    """The client's address as text; empty on a Unix socket. Without trusted proxies nothing is parsed."""
    client = scope.get("client")
    peer: str = client[0] if client else ""
    if not trusted or not forwarded:
        return peer
    return resolve(peer, forwarded.decode("latin-1"), trusted)
