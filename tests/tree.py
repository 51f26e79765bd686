"""The real process tree in a folder of its own: `manage.py up` with free ports, to be used and killed by tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.ports import free_port, free_ports

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90.0


class Tree:
    """`manage.py up` under a data folder; may be started again over the same folder after a kill."""

    def __init__(self, data: Path, **environ: str) -> None:
        self.data = data
        names = ("site", "edge", "content", "metrics", "edge-1's metrics")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FERRY_")},
            "FERRY_DATA": str(data),
            "FERRY_SITE_PORT": str(self.ports["site"]),
            "FERRY_EDGE_PORT": str(self.ports["edge"]),
            "FERRY_CONTENT_PORT": str(self.ports["content"]),
            "FERRY_METRICS_PORT": str(self.ports["metrics"]),
            **environ,
        }
        self.site = f"http://127.0.0.1:{self.ports['site']}"
        self.edge = f"http://127.0.0.1:{self.ports['edge']}"
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data / "up.log"

    def start(self) -> Tree:
        """Start, and return when site and edge answer."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"], env=self.environ, stdout=log, stderr=log
            )
        until = time.monotonic() + START_SECONDS
        while not (answers(f"{self.site}/healthz") and answers(f"{self.edge}/healthz")):
            assert self.process.poll() is None, f"the tree ended:\n{self.tail()}"
            assert time.monotonic() < until, f"the tree is not ready:\n{self.tail()}"
            time.sleep(0.1)
        return self

    def manage(self, *arguments: str) -> str:
        """Run a management command in the tree's world; its stdout."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments], env=self.environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def bootstrap(self, workspace: str = "Harbour", app: str = "Harbour Go", **options: str) -> dict[str, Any]:
        """A workspace, a host app, its keys and tokens."""
        extra = [word for name, value in options.items() for word in (f"--{name}", value)]
        out = self.manage("bootstrap", "--workspace", workspace, "--app", app, "--json", *extra)
        parsed: dict[str, Any] = json.loads(out)
        return parsed

    def children(self) -> dict[str, int]:
        """The supervisor's children by name (site, edge, content, loader, worker, beat) and pid."""
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
        )
        found: dict[str, int] = {}
        for line in listed.stdout.splitlines():
            pid, ppid, command = line.split(None, 2)
            if int(ppid) == self.process.pid and " run_" in command:
                words = command.split(" run_", 1)[1].split()
                found["-".join(words[:2]) if words[0] == "worker" else words[0]] = int(pid)
        return found

    def kill(self, *names: str) -> None:
        """kill -9 some processes (or "supervisor") and wait until the tree has ended, as the supervisor promises."""
        assert self.process is not None
        until = time.monotonic() + 30
        # Right after a start one may not be there yet: ask again before calling it gone.
        while not set(names) - {"supervisor"} <= set(children := self.children()):
            assert time.monotonic() < until, f"of {names} only {children} run:\n{self.tail()}"
            time.sleep(0.1)
        for name in names:
            os.kill(self.process.pid if name == "supervisor" else children[name], signal.SIGKILL)
        self.process.wait(60)
        until = time.monotonic() + 30
        while any(_alive(pid) for pid in children.values()):
            assert time.monotonic() < until, f"children outlive their supervisor: {children}"
            time.sleep(0.1)

    def stop(self) -> int:
        """TERM to the supervisor, as Ctrl-C does; its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def tail(self) -> str:
        """The last lines of the tree's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


@contextmanager
def running(**environ: str) -> Iterator[Tree]:
    """A started tree in a temporary folder, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="ferry-tree-") as folder, _database() as database:
        tree = Tree(Path(folder), **database, **environ).start()
        try:
            yield tree
        finally:
            tree.stop()


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """A database of its own where the run is on PostgreSQL; on SQLite the data folder is one already."""
    address = os.environ.get("DATABASE_URL", "")
    if not address.startswith("postgres"):
        yield {}
        return
    import psycopg

    name = f"ferry_tree_{os.getpid()}_{free_port()}"
    server = address.rsplit("/", 1)[0]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield {"DATABASE_URL": f"{server}/{name}"}
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2):
            return True
    except HTTPError as refused:
        refused.close()
        return False
    except (URLError, OSError):
        return False


def _alive(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")
