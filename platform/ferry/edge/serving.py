"""Runs an ASGI app as Ferry does: one uvicorn worker with uvloop and httptools (docs/decisions/0500)."""

from __future__ import annotations

import resource
import socket
from contextlib import suppress
from typing import Any

import uvicorn

GRACE_S = 5
_FILES = 65_536
KEEP_ALIVE_S = 75  # longer than the usual idle time of proxies, so that they close first


def serve(app: Any, *, host: str, port: int) -> None:
    """Run `app` until SIGTERM or SIGINT; requests under way get five seconds to end."""
    _many_files()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # by our own rule: ferry.edge.address
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=2048,
    )
    _Server(config).run()


def _many_files() -> None:
    """Let this process open as many files as it may: the usual 1,024 (macOS: 256) are fewer than its connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    with suppress(ValueError, OSError):  # the system knows a lower bound that it does not tell
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class _Server(uvicorn.Server):
    """Tells the app before it waits for its last answers: the lifespan's shutdown comes only after them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        drain = getattr(self.config.app, "drain", None)
        if drain is not None:
            drain()
        await super().shutdown(sockets)
