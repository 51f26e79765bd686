"""The supervisor with small real processes: one dies, all stop; it dies, all end; told to stop, doors go first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferry.config import supervisor

CHILD = """
import os, signal, sys, time
sys.path.insert(0, {platform!r})
from ferry.config import lifeline
lifeline.watch()
name, log = sys.argv[1], sys.argv[2]
def note(word):
    with open(log, "a") as file:
        file.write(f"{{name}} {{word}}\\n")
def stop(number, frame):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note(f"started {{os.getpid()}}")
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def tree(tmp_path, root):
    """Start a supervisor over two children; yields (process, log reader)."""
    log = tmp_path / "log"
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(platform=str(root / "platform")))
    command = [sys.executable, str(script)]
    children = [
        {"name": name, "command": [*command, name, str(log)], "door": name == "door", "ready_url": ""}
        for name in ("worker", "door")
    ]
    plan = json.dumps({"banner": "up", "processes": children})
    process = subprocess.Popen([sys.executable, supervisor.__file__, plan], stderr=subprocess.PIPE, text=True)

    def lines() -> list[str]:
        return log.read_text().splitlines() if log.exists() else []

    wait_for(lambda: sum("started" in line for line in lines()) == 2)
    yield process, lines
    if process.poll() is None:
        process.kill()
    process.communicate()


def wait_for(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def pids(lines):
    return {line.split()[0]: int(line.split()[2]) for line in lines if "started" in line}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


@pytest.mark.processes
def test_told_to_stop_it_stops_doors_first_and_answers_zero(tree):
    process, lines = tree
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 0
    assert [line for line in lines() if "stopped" in line] == ["door stopped", "worker stopped"]
    assert "up" in err


@pytest.mark.processes
def test_a_dead_child_stops_the_rest_and_is_named(tree):
    process, lines = tree
    os.kill(pids(lines())["worker"], signal.SIGKILL)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 1
    assert "worker ended (signal SIGKILL)" in err
    assert "door stopped" in lines()


@pytest.mark.processes
def test_children_end_when_the_supervisor_is_killed(tree):
    process, lines = tree
    started = pids(lines())
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(pid) for pid in started.values()))
    assert {"door stopped", "worker stopped"} <= set(lines())
