"""What a check-in costs: 200 programs published, 20 installed, device token, limits, metrics and observations on.

The programs are of several kinds; every second one has terms and deltas, which its phones know or get.

    script/bench checkin

Against the same server (uvicorn, uvloop, httptools, bare ASGI) reading the body and answering a constant: at most 4x,
aimed at 3x. Against a DRF view with the same checks (bench/drf_baseline): at least 14x less; told for the view without
any middleware, and as it stands in a project that startproject made. A publish is live within
2 s. Rounds alternate between the servers. A ratio is the median of the rounds' own: what others do on the machine
weighs on both sides of a round. Values are medians too.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from bench._client import drive
from bench._published import checkins, requests
from bench._support import server, setup_django, tell

COUNT, ROUNDS = 1_000, 40
PUBLISHES = 5


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        data = Path(folder)
        setup_django(data)
        cost(data)
        publish(data)


def cost(data: Path) -> None:
    """CPU of the same check-ins at three servers."""
    messages = requests("/v1/checkin", checkins())
    with (
        server("bench._edge_server", "constant", data=data) as constant,
        server("bench._edge_server", "edge", data=data) as edge,
        server("bench.drf_baseline", data=data) as drf,
        server("bench.drf_baseline", "startproject", data=data) as project,
    ):
        plan = ((constant, COUNT), (edge, COUNT), (drf, COUNT // 20), (project, COUNT // 20))
        for target, count in plan:
            drive(target, messages, count=2 * count)
        rounds = [[drive(target, messages, count=count) for target, count in plan] for _ in range(ROUNDS)]
        alone = [[drive(target, messages, count=500, connections=1) for target in (constant, edge)] for _ in range(5)]
    floor, one, view, whole = (median(run.cpu_us for run in runs) for runs in zip(*rounds, strict=True))
    tell("checkin.constant_cpu", floor, "us")
    ratio = median(mine.cpu_us / bare.cpu_us for bare, mine, *_ in rounds)
    tell("checkin.cpu", one, "us", baseline=floor, ratio=ratio)
    ratio = median(theirs.cpu_us / mine.cpu_us for _, mine, theirs, _ in rounds)
    tell("checkin.drf_cpu", view, "us", baseline=one, ratio=ratio)
    ratio = median(theirs.cpu_us / mine.cpu_us for _, mine, _, theirs in rounds)
    tell("checkin.drf_startproject_cpu", whole, "us", baseline=one, ratio=ratio)
    rates = [median(run.count / run.seconds for run in runs) for runs in list(zip(*rounds, strict=True))[:2]]
    tell("checkin.rate_one_process", rates[1], "1/s", baseline=rates[0])
    floors, ones = zip(*alone, strict=True)
    p99 = [min(run.percentile(0.99) for run in runs) for runs in (ones, floors)]
    tell("checkin.p99_one_connection", p99[0], "ms", baseline=p99[1])


def publish(data: Path) -> None:
    """From the commit of a publish to the first answer that knows of it, through the real database."""
    from django.core.management import call_command

    from ferry.kernel.identity import services
    from ferry.kernel.identity.actors import system

    call_command("migrate", verbosity=0)
    workspace = services.create_workspace(name="Bench")
    actor = system(workspace)
    host_app = services.create_host_app(actor=actor, name="Bench", check_interval_s=600)
    waits = []
    with server("bench._edge_server", "live", data=data) as edge:
        for number in range(1, PUBLISHES + 1):
            interval = 600 + 3000 * number  # far enough apart for the jitter
            host_app = services.update_host_app(actor=actor, host_app=host_app, check_interval_s=interval)
            committed = time.monotonic()
            while ask(edge.port, host_app.app_key) < interval * 0.9:
                time.sleep(0.005)
            waits.append(time.monotonic() - committed)
    tell("checkin.publish_live_slowest", max(waits) * 1e3, "ms")


def ask(port: int, app_key: str) -> int:
    """One check-in; the interval that it is answered with."""
    body = json.dumps({"device": {"id": "bench", "platform": "android"}}).encode()
    message = urllib.request.Request(f"http://127.0.0.1:{port}/v1/checkin", body, {"X-App-Key": app_key})
    with urllib.request.urlopen(message, timeout=10) as answer:
        return int(json.load(answer)["next_check_after"])


if __name__ == "__main__":
    sys.exit(main())
