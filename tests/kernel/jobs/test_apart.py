"""A command in a process of its own: waited for, and gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferry.kernel.jobs import apart

MANAGE = """
import os, sys, time
sys.path[:0] = {path!r}
from ferry.config import lifeline
lifeline.watch()
open({out!r}, "w").write(" ".join([str(os.getpid()), *sys.argv[1:]]))
time.sleep(float(sys.argv[1]))
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def manage(root: Path, tmp_path: Path) -> Path:
    script = tmp_path / "manage.py"
    script.write_text(MANAGE.format(path=[str(root / "platform")], out=str(tmp_path / "out")))
    return script


def test_it_is_waited_for_and_its_failure_is_told(manage, tmp_path):
    apart.run("0", "0", "hello", manage=manage)
    assert (tmp_path / "out").read_text().split()[1:] == ["0", "0", "hello"]
    with pytest.raises(subprocess.CalledProcessError):
        apart.run("0", "3", manage=manage)


def test_it_ends_when_its_parent_is_killed(root, manage, tmp_path):
    program = (
        f"import sys; sys.path[:0] = [{str(root / 'platform')!r}]\n"
        "from pathlib import Path\nfrom ferry.kernel.jobs import apart\n"
        f"apart.run('600', '0', manage=Path({str(manage)!r}))"
    )
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        _until(lambda: out.exists() and len(out.read_text().split()) == 3)
        child = int(out.read_text().split()[0])
        parent.send_signal(signal.SIGKILL)
    _until(lambda: not _lives(child))


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return _signalled(process)
    return state != "Z"


def _signalled(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc").exists()


def _until(true) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
