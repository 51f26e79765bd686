"""kill -9, of the writer under load and of the loader at every point of a step: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferry.journal import folder
from tests.journal.killing import HERE, environment, run

POINTS = ("read", "prepared", "renamed", "in transaction", "committed", "cleaned up")

pytestmark = pytest.mark.processes


def test_every_acknowledged_record_survives_kill_9_of_its_writer(tmp_path: Path):
    acknowledged: list[str] = []
    for _round in range(3):
        process = subprocess.Popen(
            [sys.executable, str(HERE / "appending.py"), str(tmp_path), "1"],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        acknowledged += [next(process.stdout).strip() for _ in range(1500)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
        process.stdout.close()
    kept = Counter(
        json.loads(record.payload)["message_id"]
        for segment in folder.segments(tmp_path)
        for record in everything(segment)
    )
    assert all(segment.closed for segment in folder.segments(tmp_path))
    assert not set(acknowledged) - set(kept), "acknowledged and lost"
    assert set(kept.values()) == {1}
    assert len(kept) - len(acknowledged) <= 3 * 20, "at most what was under way"


def everything(segment: folder.Segment) -> Iterator[Any]:
    position, done = 0, False
    while not done:
        chunk, done = folder.read(segment, position)
        assert chunk.damaged == 0
        yield from chunk.records
        position += chunk.consumed


@pytest.mark.parametrize("point", POINTS)
def test_a_loader_killed_at_any_point_loses_and_doubles_nothing(prepared: dict[str, str], tmp_path: Path, point: str):
    env = {**prepared, "FERRY_TEST_FOLDERS": str(tmp_path)}
    written = run("loading.py", "write", env=env)
    assert written.returncode == 0, written.stderr

    killed = run("loading.py", "load", "KILL", point, env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if point not in ("read", "prepared", "cleaned up"):
        assert list((tmp_path / "events").glob("checkins/*/*/*.parquet")), "the crash came after the files"

    for _again in range(2):
        finished = run("loading.py", "load", env=env)
        assert finished.returncode == 0, finished.stderr
    nothing_else(env)


@pytest.mark.parametrize("point", ["merged", "merge renamed", "merge in transaction", "merge committed"])
def test_a_merge_of_files_that_is_killed_at_any_point_is_finished_by_the_next(
    prepared: dict[str, str], tmp_path: Path, point: str
):
    env = {**prepared, "FERRY_TEST_FOLDERS": str(tmp_path)}
    before = everything_once(env, "many")

    killed = run("loading.py", "compact", "KILL", point, env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    halfway = everything_once(env)
    assert (halfway["manifest"] == before["manifest"]) == (point != "merge committed")

    after = everything_once(env, "compact")
    places = [path.rpartition("/")[0] for path in after["manifest"]]
    assert len(places) == len(set(places)), "one file for each table, host app and day"
    assert set(after["retired"]) == set(before["manifest"]) - set(after["manifest"])
    assert set(after["on_disk"]) == {*after["manifest"], *after["retired"]}, "whoever knows an old file may read it"

    nothing_else(env, "tidy")


@pytest.mark.parametrize("point", ["read", "prepared", "renamed"])
def test_a_loader_that_was_suspended_writes_nothing_after_its_successor(
    prepared: dict[str, str], tmp_path: Path, point: str
):
    env = {**prepared, "FERRY_TEST_FOLDERS": str(tmp_path)}
    assert run("loading.py", "write", env=env).returncode == 0
    command = [sys.executable, str(HERE / "loading.py"), "load", "STOP", point]
    suspended = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    try:
        os.waitpid(suspended.pid, os.WUNTRACED)  # it has stopped itself

        successor = run("loading.py", "load", env=env)
        assert successor.returncode == 0, successor.stderr
    finally:
        suspended.send_signal(signal.SIGCONT)
        _, said = suspended.communicate(timeout=60)
    assert suspended.returncode == 1
    assert "LeaseLost" in said or "FileNotFoundError" in said  # its successor has swept its temporary files
    assert run("loading.py", "load", env=env).returncode == 0  # sweeps what the suspended one has left
    nothing_else(env)


def everything_once(env: dict[str, str], act: str = "look") -> dict[str, Any]:
    """After this act, what `write` wrote is stored, once. Files of a killed loader may lie about."""
    done = run("loading.py", act, env=env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["observed"] == [f"d{number}" for number in range(30)]
    assert found["devices"] == 30
    assert found["events"] == [f"e{number:02}" for number in range(40)]
    assert found["counts"] == {
        "checkin": [30, 30, 0, 0, 0],
        "device": [40, 30, 10, 0, 0],
        "events": [50, 40, 10, 0, 0],
    }
    assert found["journal"] == []
    return found


def nothing_else(env: dict[str, str], act: str = "look") -> None:
    """The same, and every file counts."""
    found = everything_once(env, act)
    assert found["on_disk"] == found["manifest"]
