"""Ports for the processes that a test starts.

Below those that the system gives to outgoing connections: nobody takes one between the look and the start.
"""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack

_FIRST, _BEHIND = 20_000, 32_000


def free_port() -> int:
    """A loopback port that nobody listens on right now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many of them, one after the other: an edge's metrics listen behind the port of the loader's."""
    drawn = random.SystemRandom()  # the workers of one run share a seed
    while True:
        first = drawn.randrange(_FIRST, _BEHIND - count)
        ports = list(range(first, first + count))
        with ExitStack() as stack:
            try:
                for port in ports:
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return ports


def environment() -> dict[str, str]:
    """An environment in which Ferry's processes meet no others: ports of their own, the default engines."""
    site, edge, content, metrics, _ = free_ports(5)  # edge 1 has its metrics on the last one
    own = {
        "FERRY_SITE_PORT": str(site),
        "FERRY_EDGE_PORT": str(edge),
        "FERRY_CONTENT_PORT": str(content),
        "FERRY_METRICS_PORT": str(metrics),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FERRY_")}
    return {name: value for name, value in kept.items() if name not in ("DATABASE_URL", "REDIS_URL")} | own
