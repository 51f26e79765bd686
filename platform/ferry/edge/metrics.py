"""Counts and times of requests as plain numbers, turned into Prometheus text only when somebody scrapes.

A histogram of prometheus_client costs a lock and a search for each observation; a list index costs neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RouteMetrics:
    """One route's numbers. Touched by the event loop only."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.seconds = 0.0

    def note(self, status: int, seconds: float) -> None:
        """One answered request."""
        statuses = self.statuses
        statuses[status] = statuses.get(status, 0) + 1
        self.buckets[bisect_left(BOUNDS_S, seconds)] += 1
        self.seconds += seconds


class EdgeMetrics(Collector):
    """All routes of this process, and gauges that others register as functions."""

    def __init__(self, process_id: int) -> None:
        self.process = str(process_id)
        self._routes: dict[str, RouteMetrics] = {}
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._counters: dict[str, tuple[str, Callable[[], float]]] = {}

    def route(self, name: str) -> RouteMetrics:
        """The numbers of one route; `name` is its template, never a path that a stranger chose."""
        return self._routes.setdefault(name, RouteMetrics())

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A value read at scrape time."""
        self._gauges[name] = (help_text, read)

    def counter(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A growing number read at scrape time."""
        self._counters[name] = (help_text, read)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "ferry_edge_requests", "Answered requests.", labels=["process", "route", "status"]
        )
        times = HistogramMetricFamily(
            "ferry_edge_request_seconds", "Time from the first byte to the answer.", labels=["process", "route"]
        )
        for name, route in list(self._routes.items()):
            for status, count in sorted(route.statuses.items()):
                requests.add_metric([self.process, name, str(status)], count)
            total, buckets = 0, []
            for bound, count in zip((*BOUNDS_S, float("inf")), route.buckets, strict=True):
                total += count
                buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
            times.add_metric([self.process, name], buckets, route.seconds)
        yield requests
        yield times
        for name, (help_text, read) in list(self._gauges.items()):
            gauge = GaugeMetricFamily(name, help_text, labels=["process"])
            gauge.add_metric([self.process], read())
            yield gauge
        for name, (help_text, read) in list(self._counters.items()):
            counter = CounterMetricFamily(name, help_text, labels=["process"])
            counter.add_metric([self.process], read())
            yield counter
