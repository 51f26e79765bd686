"""Segment's own client through kill -9 of edge and loader: every event is stored once, and the account balances."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import tree as trees
from tests.ports import free_port, free_ports

segment = pytest.importorskip("segment.analytics.client", reason="segment-analytics-python is not installed")
pytestmark = pytest.mark.processes

ROUNDS, EVENTS = 6, 150


class Platform:
    """An edge and a loader over a data folder, each in a process of its own that may be killed."""

    def __init__(self, root: Path, data: Path, database: dict[str, str]) -> None:
        self.root = root
        self.port = free_port()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FERRY_")},
            "FERRY_DATA": str(data),
            "FERRY_METRICS_PORT": str(free_ports(2)[0]),
            "FERRY_LOG_LEVEL": "ERROR",
            **database,
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self.port}"

    def manage(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=self.root, env=self.environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str) -> None:
        words = {"edge": ["run_edge", "--id", "1", "--port", str(self.port)], "loader": ["run_loader"]}[name]
        self.running[name] = subprocess.Popen([sys.executable, "manage.py", *words], cwd=self.root, env=self.environ)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(30)

    def knows_apps(self) -> bool:
        """Whether the edge answers and has read what is published."""
        try:
            return bool(httpx.get(f"{self.url}/healthz", timeout=2).json()["snapshot"]["versions"])
        except httpx.HTTPError:
            return False

    def look(self) -> dict[str, Any]:
        """What is stored: message ids, and the account of the day."""
        found: dict[str, Any] = json.loads(self.manage("shell", "--no-imports", "-c", _LOOK).splitlines()[-1])
        return found


_LOOK = """
import json
from datetime import timedelta
from analytics import store
from analytics.selectors import accounting
from ferry.kernel import clock
from ferry.kernel.identity.models import HostApp, Workspace
app = HostApp.objects.of(Workspace.objects.get()).get()
today = clock.now().date()
rows = store.query("events", app.id, "SELECT message_id FROM read_parquet($1)", [],
                   first=today - timedelta(days=1), last=today)
days = [accounting(app.workspace, app.id, today - timedelta(days=back)) for back in (0, 1)]
kinds = [kind for day in days for kind in day.kinds if kind.kind == "events"]
print(json.dumps({"ids": [row[0] for row in rows], "counts": {
    name: sum(getattr(kind, name) for kind in kinds)
    for name in ("received", "stored", "duplicate", "rejected", "pending")}}))
"""


@pytest.fixture
def platform(root: Path, tmp_path: Path) -> Iterator[Platform]:
    with trees._database() as database:
        made = Platform(root, tmp_path, database)
        made.manage("migrate", "--verbosity", "0")
        yield made
        for name in list(made.running):
            made.kill(name)


@pytest.mark.timeout(600)
def test_the_segment_client_loses_and_doubles_nothing(platform: Platform):
    made = json.loads(platform.manage("bootstrap", "--workspace", "acme", "--app", "shop", "--json"))
    for name in ("edge", "loader"):
        platform.start(name)
    _until(platform.knows_apps, "the edge knows the app")

    given_up: list[Any] = []
    client = segment.Client(
        made["host_app"]["app_key"],
        host=platform.url,
        gzip=True,
        upload_size=20,
        upload_interval=0.05,
        on_error=lambda error, batch: given_up.append(error),
    )
    sent: list[str] = []
    for round_ in range(ROUNDS):
        for number in range(EVENTS):
            message_id = f"message-{round_}-{number}"
            client.track(f"user-{number % 17}", "Tapped", {"round": round_}, message_id=message_id)
            sent.append(message_id)
        victim = ("edge", "loader")[round_ % 2]
        platform.kill(victim)  # while the client's thread is sending
        platform.start(victim)
    client.flush()
    client.join()
    assert given_up == []

    found: dict[str, Any] = {}

    def loaded() -> bool:
        found.update(platform.look())
        return found["counts"]["pending"] == 0 and len(found["ids"]) >= len(sent)

    _until(loaded, "loaded")
    assert Counter(found["ids"]) == Counter(sent)
    counts = found["counts"]
    assert (counts["stored"], counts["rejected"]) == (len(sent), 0)
    assert counts["received"] == counts["stored"] + counts["duplicate"]


def _until(true: Any, what: str) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.1)  # other processes: there is nothing to wait on but what they answer
