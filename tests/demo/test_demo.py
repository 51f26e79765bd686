"""`script/demo --once` from outside: the whole loop over real processes and real HTTP, with fewer phones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.demo.scale import Scale
from tests.ports import environment, free_ports

pytestmark = [pytest.mark.processes, pytest.mark.timeout(420)]


def demo(
    root: Path, data: Path, *arguments: str, environ: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "examples.demo", "--once", "--host-port", str(port), "--data", str(data)]
    return subprocess.run(
        [*prefix, *command, *arguments],
        cwd=root,
        env=environ or environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def loopback_alone() -> tuple[str, ...]:
    """What to put before a command so that no other network exists for it; empty where that cannot be had."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return ()
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode != 0:
        return ()
    return "unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"


@dataclass(frozen=True, slots=True)
class Run:
    """One whole demo, which takes a minute or more: several tests look at it."""

    done: subprocess.CompletedProcess[str]
    data: Path
    alone: bool  # without any network but loopback


@pytest.fixture(scope="module")
def whole(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    data = tmp_path_factory.mktemp("whole") / "demo"
    prefix = loopback_alone()
    return Run(demo(root, data, "--devices", "120", prefix=prefix), data, alone=bool(prefix))


def still_running(data: Path) -> list[str]:
    """Command lines of processes that work in this data folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"FERRY_DATA={data}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_no_connection_is_needed_that_nobody_configured(whole):
    if not whole.alone:
        pytest.skip("network namespaces (unshare -rn, ip) are not available here")
    assert whole.done.returncode == 0, whole.done.stderr[-3000:]


def test_the_loop_closes_and_its_figures_agree(whole):
    done = whole.done
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    moved = figures["loaded_counts"]["v2"]
    assert figures["ok"] is True
    assert figures["devices"] == 120
    assert figures["loaded_counts"]["v1"] + moved == 120
    assert figures["returned"] == moved
    assert figures["loaded_after_rollback_counts"] == {"v1": 120}
    assert figures["downloads"] == 120 + moved  # v1 was kept: the way back costs no download
    assert figures["verified"] == 120 + 2 * moved
    assert abs(figures["share"]["measured"] - 20) <= figures["share"]["tolerance"]
    assert figures["explained"]["version"] == "2.0.0"
    assert figures["explained"]["reasons"]
    assert "[13/13]" in done.stderr
    assert "/releases/" in done.stderr  # where it can be watched
    the_second_half_agrees(figures)
    if os.path.isdir("/proc"):
        assert still_running(whole.data) == []


def the_second_half_agrees(figures: dict[str, Any]) -> None:
    """Events, prediction, push and return, as far as 120 phones can show them."""
    assert set(figures["skipped"]) <= {"high_risk_phones", "lift_clear_of_zero"}
    assert "high_risk_phones" in figures["skipped"]  # 120 phones have no 250 people at high risk, and it says so
    assert figures["events_v1"] == figures["events_v2"] == 240
    error = figures["planted_error"]
    assert (error["version"], error["platform"]) == (2, "android 15")
    assert 0 < error["devices"] <= figures["loaded_counts"]["v2"]
    funnel = list(figures["funnel"].values())
    assert funnel == sorted(funnel, reverse=True)
    model = figures["model"]
    assert model["auc"] > 0.5
    assert model["auc"] >= max(other["auc"] for other in model["baselines"].values()) - 0.003
    push = figures["funnel_push"]
    assert push["eligible"] == push["sent"] + push["held_out"]
    assert push["sent"] == push["accepted"] == push["arrived"] > 0
    planted, lift = figures["planted"], figures["lift"]
    for arm in ("treated", "held_out"):
        assert [lift[arm]["returned"], lift[arm]["people"]] == planted[arm]
    assert push["opened"] == planted["treated"][0]
    assert lift["low"] <= planted["difference"] <= lift["high"]
    assert ("lift_clear_of_zero" in figures["skipped"]) is not (lift["low"] > 0)
    for name, kind in figures["accounting"].items():
        assert kind["received"] == kind["stored"] + kind["duplicate"] + kind["rejected"] + kind["pending"], name
    returned = planted["treated"][0] + planted["held_out"][0]
    assert figures["accounting"]["events"]["stored"] == 480 + returned  # not one lost, not one doubled
    assert figures["accounting"]["receipt"]["stored"] == push["arrived"] + push["opened"]


def test_a_small_run_says_what_it_did_not_show():
    few, many = Scale(60), Scale(1000)
    assert not few.full
    assert many.full
    assert few.window_s < many.window_s == 45


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_or_killed_leaves_nothing_running(root, tmp_path, number):
    (port,) = free_ports(1)
    data = tmp_path / "demo"
    command = [sys.executable, "-m", "examples.demo", "--host-port", str(port), "--data", str(data), "--devices", "5"]
    with subprocess.Popen(command, cwd=root, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("[4/13]" in line for line in process.stderr)  # everything is up
        assert still_running(data)
        process.send_signal(number)
        process.wait(60)
    until = time.monotonic() + 60
    while still_running(data) and time.monotonic() < until:
        time.sleep(0.1)
    assert still_running(data) == []


def test_a_port_in_use_is_named_and_nothing_is_touched(root, tmp_path):
    (tmp_path / "kept").write_text("mine")
    environ = environment()
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environ["FERRY_SITE_PORT"])))
        other.listen()
        done = demo(root, tmp_path, environ=environ)
    assert done.returncode == 1
    assert f"{environ['FERRY_SITE_PORT']} (site)" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
    assert (tmp_path / "kept").read_text() == "mine"
