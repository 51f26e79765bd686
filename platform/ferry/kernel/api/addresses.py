"""Where a request comes from: X-Forwarded-For is believed only from TRUSTED_PROXIES."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
_MOST_HOPS = 32  # a longer header is somebody's joke; only its end is read


def client_address(request: HttpRequest) -> str:
    """The client's address, or "" when there is none (a Unix socket). Also what axes counts failures by."""
    return resolve(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.FERRY_TRUSTED_PROXIES,
    )


def resolve(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Walk the chain from our end: the first hop that is not a trusted proxy is the client.

    Each proxy appends the peer it saw, so what stands left of the first untrusted hop is the client's own claim. A
    hop that is not an address ends the walk at the proxy that wrote it.
    """
    client = _parse(peer)
    if client is None:
        return ""
    for hop in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        if not any(client in network for network in trusted):
            break
        claimed = _parse(hop.strip())
        if claimed is None:
            break
        client = claimed
    return str(client)


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether this peer is one of our proxies, whose headers are believed."""
    address = _parse(peer)
    return address is not None and any(address in network for network in trusted)


def _parse(text: str) -> Address | None:
    """An address as proxies write it, with or without a port; IPv4 inside IPv6 becomes IPv4, so that networks match."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
