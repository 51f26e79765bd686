"""What a batch of 50 events costs, durable, and whether the loader keeps up.

    script/bench ingest

Against a Django ASGI view that does nothing, in a project as startproject makes it, on the faster of granian and
uvicorn for it: at least 4x the requests a second. The same without any middleware is told beside it. Then edge,
client and loader share the machine: events loaded a second beside events acknowledged a second, as fast as the edge
takes them, and then at exactly 4x the rate of the view that does nothing, leg by leg: what waits must not grow.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench._client import Run, drive
from bench._published import APP_ID, APP_KEY
from bench._support import ROOT, Server, server, setup_django, tell
from bench._support import _cpu as used_cpu

EVENTS, COUNT, ROUNDS = 50, 4_000, 3
NOOPS = ("granian", "uvicorn", "granian bare", "uvicorn bare")
KEEPING_UP = 16_000  # requests
TIMES, LEGS, LEG_S = 4, 6, 5  # of the view that does nothing; seconds of a leg
_MARK = b"@@@@@@@@"


class Requests:
    """Batches as Segment's Python client sends them, each with message ids of its own."""

    def __init__(self, first: int = 0) -> None:
        body = msgspec.json.encode({"batch": [_event(n) for n in range(EVENTS)], "sentAt": _now(), "writeKey": APP_KEY})
        basic = base64.b64encode(f"{APP_KEY}:".encode())
        self.size = len(body)
        self._first = first
        self._request = (
            b"POST /v1/batch HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic %b\r\n"
            b"user-agent: analytics-python/2.4.0\r\naccept: */*\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (basic, len(body), body)
        )

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, number: int) -> bytes:
        return self._request.replace(_MARK, b"%08d" % (self._first + number))


def _event(number: int) -> dict[str, object]:
    return {
        "integrations": {},
        "anonymousId": None,
        "properties": {"city": "Xiamen", "sum": 12.5, "sku": f"sku-{number}", "tags": ["a", "b"], "position": number},
        "timestamp": _now(),
        "context": {
            "library": {"name": "analytics-python", "version": "2.4.0"},
            "app": {"version": "6.3.0"},
            "platform": ("android", "ios")[number % 2],
            "mini_program": {"id": "2018080616290001", "version": 13},
        },
        "userId": f"user-{number * 7919 % 100_000}",
        "type": "track",
        "event": f"Event {number % 20}",
        "messageId": f"{_MARK.decode()}{str(uuid.uuid4())[8:]}",
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        data = Path(folder)
        setup_django(data)
        noop = against_django(data)
        beside_the_loader(data, noop)


def against_django(data: Path) -> float:
    """One after the other, in turns, so that what else runs on the machine meets all of them.

    Answers the requests a second of Django's view on granian.
    """
    sent = Requests()
    with ExitStack() as stack:
        targets = {name: stack.enter_context(server("bench.django_noop", *name.split(), data=data)) for name in NOOPS}
        targets["edge"] = stack.enter_context(server("bench._edge_server", "edge", data=data))
        for target in targets.values():
            drive(target, sent, count=300)
        runs: dict[str, list[Run]] = {name: [] for name in targets}
        for _ in range(ROUNDS):
            for name, target in targets.items():
                count, connections = (COUNT, 32) if name == "edge" else (COUNT // 5, 16)
                runs[name].append(drive(target, sent, count=count, connections=connections))
    rates = {name: max(run.count / run.seconds for run in each) for name, each in runs.items()}
    costs = {name: min(run.cpu_us for run in each) for name, each in runs.items()}
    fastest = max(runs["edge"], key=lambda run: run.count / run.seconds)
    tell("ingest.body", sent.size, "bytes")
    for name in NOOPS:
        tell(f"ingest.django_noop_{name.replace(' ', '_')}", rates[name], "1/s")
    tell("ingest.rate", rates["edge"], "1/s", baseline=max(rates["granian"], rates["uvicorn"]))
    tell("ingest.rate_bare", rates["edge"], "1/s", baseline=max(rates["granian bare"], rates["uvicorn bare"]))
    tell("ingest.django_noop_cpu", min(costs["granian"], costs["uvicorn"]), "us", baseline=costs["edge"])
    tell("ingest.cpu", costs["edge"], "us")
    tell("ingest.events_rate", rates["edge"] * EVENTS, "1/s")
    tell("ingest.p99_32_connections", fastest.percentile(0.99), "ms")
    return rates["granian"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How edge and loader did beside each other. Events and seconds."""

    acknowledged: float  # a second
    behind: float  # seconds of events that waited when the last was acknowledged
    drained: float  # seconds until nothing waited
    seconds: float  # until the last was acknowledged
    loader_cpu: float  # µs an event

    @property
    def loaded(self) -> float:
        """A second, until nothing waited."""
        return self.acknowledged * self.seconds / (self.seconds + self.drained)


@dataclass(frozen=True, slots=True)
class Steady:
    """How they did at a pace, after the first leg, which fills the pipe. Events and seconds."""

    acknowledged: float  # a second
    loaded: float  # a second, in the same seconds
    behind: tuple[float, ...]  # seconds of events that waited, at the end of each leg
    loader_cpu: float  # µs an event, with the merging of small files


def beside_the_loader(data: Path, noop: float) -> None:
    """Acknowledged and loaded at the same time, with the client, on the same cores."""
    from ferry.journal import selectors as journal
    from ferry.kernel.identity import services as identity
    from ferry.kernel.identity.models import HostApp

    workspace = identity.create_workspace(name="Bench")
    HostApp.objects.create(id=APP_ID, workspace=workspace, name="Bench", number=1, app_key=APP_KEY)
    with server("bench._edge_server", "edge", data=data) as edge, loader(data) as process:
        until = time.monotonic() + 300
        while journal.pending_bytes() and time.monotonic() < until:
            time.sleep(0.2)  # what the first part has left
        fast = keeping_up(edge, process, Requests(first=50_000_000), count=KEEPING_UP)
        rate = TIMES * noop
        steady = paced(edge, process, Requests(first=70_000_000), rate=rate)
    tell("ingest.acknowledged_beside_loader", fast.acknowledged, "1/s")
    tell("ingest.loaded", fast.loaded, "1/s", baseline=fast.acknowledged)
    tell("ingest.behind_at_the_end", fast.behind, "s")
    tell("ingest.loader_cpu", fast.loader_cpu, "us")
    tell("ingest.acknowledged_at_4x", steady.acknowledged, "1/s", baseline=rate * EVENTS)
    tell("ingest.loaded_at_4x", steady.loaded, "1/s", baseline=steady.acknowledged)
    tell("ingest.behind_at_4x", steady.behind[-1], "s", baseline=steady.behind[0])
    tell("ingest.loader_cpu_at_4x", steady.loader_cpu, "us")


def paced(edge: Server, loading: subprocess.Popen[bytes], sent: Requests, *, rate: float) -> Steady:
    """Send at `rate` requests a second, leg by leg without a rest: what waits must not grow from leg to leg."""
    from ferry.journal.models import DailyCount

    before, cpu, started = _stored(DailyCount), _cpu(loading), time.perf_counter()
    acknowledged, marks = 0, []
    for _ in range(LEGS):
        acknowledged += drive(edge, sent, count=int(rate * LEG_S), connections=32, rate=rate).count * EVENTS
        marks.append((time.perf_counter() - started, acknowledged, _stored(DailyCount) - before))
    (since, first, early), (until, last, late) = marks[0], marks[-1]
    spent = (_cpu(loading) - cpu) / late * 1e6
    pace = (last - first) / (until - since)
    behind = tuple((done - stored) / pace for _, done, stored in marks)
    return Steady(pace, (late - early) / (until - since), behind, spent)


def keeping_up(edge: Server, loading: subprocess.Popen[bytes], sent: Requests, *, count: int) -> Pace:
    """Send, then wait until all of it is loaded."""
    from ferry.journal.models import DailyCount

    before, cpu = _stored(DailyCount), _cpu(loading)
    run = drive(edge, sent, count=count, connections=32)
    done = count * EVENTS
    waiting = done - (_stored(DailyCount) - before)
    started = time.perf_counter()
    while _stored(DailyCount) - before < done and time.perf_counter() - started < 300:
        time.sleep(0.05)
    drained = time.perf_counter() - started
    assert _stored(DailyCount) - before == done, "every acknowledged event is loaded, once"
    acknowledged = done / run.seconds
    return Pace(acknowledged, waiting / acknowledged, drained, run.seconds, (_cpu(loading) - cpu) / done * 1e6)


@contextmanager
def loader(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    environ = {**os.environ, "FERRY_DATA": str(data), "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    environ["FERRY_LOG_LEVEL"] = "WARNING"
    process = subprocess.Popen([sys.executable, "manage.py", "run_loader"], cwd=ROOT, env=environ)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _stored(counts: object) -> int:
    rows = counts.objects.filter(host_app_id=APP_ID, kind="events")  # type: ignore[attr-defined]
    return sum(row.stored + row.duplicate for row in rows)


def _cpu(process: subprocess.Popen[bytes]) -> float:
    return used_cpu(process.pid)


if __name__ == "__main__":
    sys.exit(main())
