"""Starts Ferry's processes, watches them, and ends all of them together. Standard library only: it stays small.

`manage.py up` becomes this program by exec, so it holds none of Django's memory. Each child runs in a session of its
own and holds the read end of one pipe; only the supervisor holds the write end. When the supervisor is gone, by
whatever death, the pipe reports end-of-file and each child ends itself (ferry.config.lifeline): this works the same
on Linux and macOS, unlike PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

DRAIN_SECONDS = 20.0
READY_SECONDS = 60.0
LIFELINE = "FERRY_LIFELINE_FD"


@dataclass(frozen=True, slots=True)
class Process:
    """One child: its name, its command line, whether it is a door (stopped first), and where it says it is ready."""

    name: str
    command: list[str]
    door: bool = False
    ready_url: str = ""


class Supervisor:
    """Runs until told to stop (exit 0) or until a child dies (exit 1, after stopping the rest)."""

    def __init__(self, processes: list[Process], banner: str) -> None:
        self.processes = processes
        self.banner = banner
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        reader, writer = os.pipe()  # both close-on-exec; children get the reader by pass_fds, nobody the writer
        environ = {**os.environ, LIFELINE: str(reader)}
        for process in self.processes:
            self.children[process.name] = subprocess.Popen(
                process.command, start_new_session=True, pass_fds=(reader,), env=environ, stdin=subprocess.DEVNULL
            )
        os.close(reader)
        started, announced, status = time.monotonic(), False, 0
        while not self.stopping:
            dead = self._dead()
            if dead:
                name, code = dead
                say(f"{name} ended ({_how(code)}). Stopping the rest; see its last lines above.")
                status = 1
                break
            if not announced and self._ready():
                announced = True
                say(self.banner)
            if not announced and time.monotonic() - started > READY_SECONDS:
                say(f"not every process is ready after {READY_SECONDS:.0f} s. Stopping.")
                status = 1
                break
            time.sleep(0.2)
        self._end_all()
        os.close(writer)
        return status

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _dead(self) -> tuple[str, int] | None:
        for name, child in self.children.items():
            code = child.poll()
            if code is not None:
                return name, code
        return None

    def _ready(self) -> bool:
        for process in self.processes:
            if not process.ready_url:
                continue
            try:
                with urlopen(process.ready_url, timeout=1):  # noqa: S310  (an address of our own children)
                    pass
            except (URLError, OSError):
                return False
        return True

    def _end_all(self) -> None:
        """Doors first, so that nothing new comes in while the loader and the workers finish what they hold."""
        say("stopping …")
        doors = [process.name for process in self.processes if process.door]
        others = [process.name for process in self.processes if not process.door]
        until = time.monotonic() + DRAIN_SECONDS
        for wave in (doors, others):
            for name in wave:
                self._signal(name, signal.SIGTERM, group=False)
            for name in wave:
                try:
                    self.children[name].wait(max(0.1, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    say(f"{name} did not drain within {DRAIN_SECONDS:.0f} s and is ended.")
        for name in self.children:
            self._signal(name, signal.SIGKILL, group=True)  # grandchildren of a child that died hard
            self.children[name].wait()

    def _signal(self, name: str, number: int, *, group: bool) -> None:
        child = self.children[name]
        try:
            if group:
                os.killpg(child.pid, number)
            elif child.poll() is None:
                child.send_signal(number)
        except (ProcessLookupError, PermissionError):
            pass  # already gone; macOS answers EPERM for a group of zombies


def say(text: str) -> None:
    """One line on stderr, marked as the supervisor's."""
    sys.stderr.write(f"ferry: {text}\n")
    sys.stderr.flush()


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


def main(plan: str) -> int:
    """Run the plan, a JSON object {"banner", "processes": [{"name", "command", "door", "ready_url"}]}."""
    parsed = json.loads(plan)
    return Supervisor([Process(**each) for each in parsed["processes"]], parsed["banner"]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
