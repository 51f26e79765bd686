"""Ports that nobody uses, for processes that a test starts."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """So many different free ports of the loopback interface."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def environment() -> dict[str, str]:
    """An environment in which Ferry's processes meet no others: ports of their own, the default engines."""
    site, edge, content, metrics = free_ports(4)
    own = {
        "FERRY_SITE_PORT": str(site),
        "FERRY_EDGE_PORT": str(edge),
        "FERRY_CONTENT_PORT": str(content),
        "FERRY_METRICS_PORT": str(metrics - 1),  # edge 1 listens on the next one
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FERRY_")}
    return {name: value for name, value in kept.items() if name not in ("DATABASE_URL", "REDIS_URL")} | own
