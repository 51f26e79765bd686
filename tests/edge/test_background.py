"""Heartbeats, hints and metrics: beside the requests, and without them if need be."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from ferry.edge.background import Background, heartbeat, hints, serve_metrics
from ferry.edge.metrics import EdgeMetrics
from ferry.kernel.jobs import selectors, services
from ferry.kernel.publishing.hints import CHANNEL
from tests.ports import free_port


@pytest.mark.django_db(transaction=True)
def test_edges_know_how_many_they_are() -> None:
    services.beat("edge", "elsewhere:7")
    told: list[int] = []
    known = threading.Event()

    def tell(live: int) -> None:
        told.append(live)
        known.set()

    thread = heartbeat(1, tell)
    thread.start()
    assert known.wait(10)
    thread.stop()
    assert told[0] == 2
    assert selectors.live("edge") == 1  # this one has left, so that the other takes its share at once


def test_a_turn_that_fails_is_tried_again() -> None:
    turns: list[int] = []
    again = threading.Event()

    def turn(stop: threading.Event) -> None:
        turns.append(1)
        if len(turns) == 1:
            raise ConnectionError("away")
        again.set()
        stop.wait()

    thread = Background("test", turn)
    thread.start()
    assert again.wait(10)
    thread.stop()


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test's own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server here")
    port = free_port()
    command = [program, "--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as client:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)  # another program's start: its port is all there is to ask
    yield url
    process.terminate()
    process.wait(10)


def test_a_hint_arrives_over_redis(redis_url: str) -> None:
    came = threading.Semaphore(0)
    thread = hints(redis_url, came.release)
    thread.start()
    assert came.acquire(timeout=10)  # once when it begins to listen
    with redis.Redis.from_url(redis_url) as client:
        client.publish(CHANNEL, "{}")
    assert came.acquire(timeout=10)
    thread.stop()


def test_metrics_have_a_port_of_their_own() -> None:
    metrics = EdgeMetrics(3)
    metrics.route("/v1/checkin").note(200, 0.0004)
    metrics.route("/v1/checkin").note(200, 0.3)
    metrics.route("/v1/checkin").note(429, 99.0)
    metrics.gauge("ferry_edge_host_apps", "Host apps in memory.", lambda: 2.0)
    port = free_port()
    stop = serve_metrics(metrics, port=port, bind="127.0.0.1")
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    stop()
    samples = {
        (sample.name, sample.labels.get("status") or sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels["process"] == "3"
    }
    assert samples["ferry_edge_requests_total", "200"] == 2
    assert samples["ferry_edge_requests_total", "429"] == 1
    assert samples["ferry_edge_request_seconds_bucket", "0.0005"] == 1
    assert samples["ferry_edge_request_seconds_bucket", "0.5"] == 2
    assert samples["ferry_edge_request_seconds_bucket", "+Inf"] == 3
    assert samples["ferry_edge_host_apps", ""] == 2
