"""What a loader shows to Prometheus: records that it put aside because their handler failed on them.

The accounting counts them among the rejected ones; here they can ring a bell, for each is data that somebody sent
rightly and that a correction of ours can still bring in.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)


class PutAside(Collector):
    """How many since this process began, by kind of record and host app."""

    def __init__(self, counts: Counter[tuple[str, str]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "ferry_loader_put_aside", "Records whose handler failed on them.", labels=["kind", "host_app"]
        )
        for whose, count in sorted(self._counts.copy().items()):
            family.add_metric(whose, count)
        yield family


def serve(counts: Counter[tuple[str, str]], *, port: int, bind: str) -> Callable[[], None]:
    """Serve /metrics; gives the function that stops it. A port that is taken does not keep a loader from loading."""
    registry = CollectorRegistry()
    registry.register(PutAside(counts))
    try:
        server, _ = start_http_server(port, addr=bind, registry=registry)
    except OSError as wrong:
        log.warning("the loader shows no metrics: port %d of %s: %s", port, bind, wrong.strerror)
        return lambda: None

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
