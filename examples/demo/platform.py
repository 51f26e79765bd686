"""Starts Ferry in a folder of its own and stops it again: what a person would do with manage.py."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]
LOG_LINES = 30
STOP_SECONDS = 40  # the supervisor's own limit is 20
_PORTS = {"site": ("FERRY_SITE_PORT", 8000), "edge": ("FERRY_EDGE_PORT", 8001), "content": ("FERRY_CONTENT_PORT", 8002)}


class CannotStart(Exception):
    """The demo cannot run here; the text says why and what to do."""


class Platform:
    """`with Platform() as platform:`. The data folder is the demo's own and is emptied first."""

    def __init__(self, environ: Mapping[str, str], data: Path, *, host_port: int) -> None:
        self.environ = {**environ, "FERRY_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        self.data = data
        self.ports = {name: int(environ.get(variable, default)) for name, (variable, default) in _PORTS.items()}
        self.ports["web host"] = host_port
        self.site = environ.get("FERRY_SITE_URL", f"http://127.0.0.1:{self.ports['site']}")
        self.edge = environ.get("FERRY_EDGE_URL", f"http://127.0.0.1:{self.ports['edge']}")
        self._log = data / "demo.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        busy = [f"{port} ({name})" for name, port in self.ports.items() if _taken(port)]
        if busy:
            raise CannotStart(
                f"Ports in use: {', '.join(busy)}. Stop what runs there, or set FERRY_SITE_PORT, "
                "FERRY_EDGE_PORT, FERRY_CONTENT_PORT or --host-port."
            )
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def manage(self, *arguments: str) -> str:
        """Runs a management command; its output. Raises CannotStart with what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotStart(f"manage.py {arguments[0]} failed:\n{(done.stderr or done.stdout)[-3000:]}")
        return done.stdout

    def manage_json(self, *arguments: str) -> dict[str, Any]:
        """As `manage`, for commands that print one JSON object on their last line."""
        value: dict[str, Any] = json.loads(self.manage(*arguments).strip().splitlines()[-1])
        return value

    def start(self) -> None:
        """Starts every process; does not wait until they answer."""
        keeper = [sys.executable, str(ROOT / "examples" / "demo" / "keeper.py")]
        command = [*keeper, sys.executable, str(ROOT / "manage.py"), "up", "--no-migrate"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self.environ, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    def wait_until_up(self, seconds: float = 60.0) -> None:
        """Returns when console and edge answer. Raises CannotStart with the end of the log."""
        until = time.monotonic() + seconds
        waiting = {f"{self.site}/sign-in", f"{self.edge}/healthz"}
        while waiting:
            self.check()
            if time.monotonic() > until:
                raise CannotStart(f"No answer from {', '.join(sorted(waiting))}.\n{self._tail()}")
            waiting = {url for url in waiting if not _answers(url)}
            if waiting:
                time.sleep(0.2)

    def check(self) -> None:
        """Raises CannotStart when the platform has stopped."""
        if self._process is None or self._process.poll() is not None:
            raise CannotStart(f"The platform has stopped.\n{self._tail()}")

    def stop(self) -> None:
        """Drains and ends every process."""
        if self._process is None:
            return
        self._process.communicate(timeout=STOP_SECONDS)  # closes the keeper's standard input and waits
        self._process = None

    def _tail(self) -> str:
        try:
            return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:])
        except OSError:
            return ""


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
