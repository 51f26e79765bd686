"""What an edge process does beside answering: says that it lives, listens for hints, shows its metrics.

Each is a daemon thread that may fail for a while without any request noticing.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connections
from prometheus_client import CollectorRegistry, start_http_server

from ferry.edge.metrics import EdgeMetrics
from ferry.kernel.jobs import selectors, services
from ferry.kernel.publishing.hints import CHANNEL

log = logging.getLogger(__name__)

BEAT_S = 10.0
_LONGEST_PAUSE_S = 30.0
KIND = "edge"


class Background:
    """A thread that calls `turn(stop)` until it is stopped; after a failure it pauses, twice as long each time."""

    def __init__(self, name: str, turn: Callable[[threading.Event], None]) -> None:
        self._turn = turn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a turn that hangs is left behind, for the process ends anyway."""
        self._stop.set()
        self._thread.join(1)

    def _run(self) -> None:
        try:
            self._turns()
        finally:
            connections.close_all()

    def _turns(self) -> None:
        pause = 1.0
        while not self._stop.is_set():
            try:
                self._turn(self._stop)
                pause = 1.0
            except Exception as wrong:
                log.warning("%s: %r; again in %.0f s", self._thread.name, wrong, pause)
                self._stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)


def heartbeat(process_id: int, tell: Callable[[int], None]) -> Background:
    """Writes this process's heartbeat and tells how many edges live, on any host."""
    name = f"{socket.gethostname()[:60]}:{process_id}"

    def turn(stop: threading.Event) -> None:
        close_old_connections()
        try:
            services.beat(KIND, name)
            tell(selectors.live(KIND))
            stop.wait(BEAT_S)
            if stop.is_set():
                services.leave(KIND, name)
        except Exception:
            connections.close_all()
            raise

    return Background("heartbeat", turn)


def hints(redis_url: str, hint: Callable[[], None], *, channel: str = CHANNEL) -> Background:
    """Listens on Redis for word of a publish, or of whatever else is said on `channel`.

    Losing the connection costs at most the time until the next poll.
    """

    def turn(stop: threading.Event) -> None:
        import redis  # here, because most installations never configure one and it weighs 17 MB

        client = redis.Redis.from_url(redis_url, socket_connect_timeout=2, health_check_interval=15)
        words = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        with client, words:
            words.subscribe(channel)
            hint()  # what was said while nobody listened
            while not stop.is_set():
                if words.get_message(timeout=0.5) is not None:
                    hint()

    return Background(f"hints of {channel}", turn)


def serve_metrics(metrics: EdgeMetrics, *, port: int, bind: str) -> Callable[[], None]:
    """Serve /metrics on a port of its own; gives the function that stops it."""
    registry = CollectorRegistry()
    registry.register(metrics)
    server: Any
    server, _ = start_http_server(port, addr=bind, registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
