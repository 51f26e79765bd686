"""What the edge's benchmarks share: the report's lines, and servers in processes of their own with their CPU.

CPU is user plus system time of the server's process and its children, read from the system before and after; only
ratios of one run on one machine mean anything.
"""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent

# The middleware that `django-admin startproject` writes.
STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def tell(name: str, value: float, unit: str, *, baseline: float | None = None, ratio: float | None = None) -> None:
    """One line of the report; `ratio` is value over baseline, unless it was measured round by round."""
    if ratio is None and baseline is not None:
        ratio = value / baseline
    line = {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "baseline": None if baseline is None else round(baseline, 2),
        "ratio": None if ratio is None else round(ratio, 2),
        "machine": machine(),
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def machine() -> str:
    """Where this ran, in one word group."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def setup_django(data: Path) -> None:
    """Settings of a throw-away installation in `data`."""
    os.environ["FERRY_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.config.settings")
    import django

    django.setup()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A server under measurement: its process, its port, and the CPU it has used."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def cpu(self) -> float:
        """Seconds of user and system time of the process and its children so far."""
        return sum(_cpu(pid) for pid in _family(self.process.pid))

    def ready(self, seconds: float = 60.0) -> None:
        """Wait until it takes connections."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server does not listen")


@contextmanager
def server(module: str, *arguments: str, data: Path) -> Iterator[Server]:
    """`python -m module PORT arguments…` until the block ends."""
    port = free_port()
    environ = {**os.environ, "FERRY_DATA": str(data), "DJANGO_SETTINGS_MODULE": "ferry.config.settings"}
    environ.setdefault("FERRY_LOG_LEVEL", "WARNING")
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments], cwd=ROOT, env=environ)
    try:
        made = Server(process, port)
        made.ready()
        yield made
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listing.splitlines():
        child, parent = line.split()
        children.setdefault(int(parent), []).append(int(child))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/schedstat")
    if stat.exists():  # nanoseconds on a CPU, of every thread
        return sum(_nanoseconds(task) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9
    text = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    seconds = 0.0
    for place in text.strip().replace("-", ":").split(":"):
        seconds = seconds * 60 + float(place or 0)
    return seconds


def _nanoseconds(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except FileNotFoundError:  # a thread that has just ended
        return 0
