"""No connection that nobody configured (rule 16): the demo runs where only loopback exists."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest


def _namespaces_work() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0


@pytest.mark.processes
@pytest.mark.timeout(400)
def test_the_demo_runs_with_loopback_alone(root, tmp_path):
    if not _namespaces_work():
        pytest.skip("network namespaces (unshare -rn, ip) are not available here")
    environ = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    done = subprocess.run(
        [
            *("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"),
            *(sys.executable, "-m", "examples.demo", "--once", "--devices", "60"),
        ],
        cwd=root,
        env={**environ, "FERRY_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=380,
    )
    assert done.returncode == 0, done.stderr[-3000:]
