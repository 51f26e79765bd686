"""How much memory the whole idle tree takes: proportional set size, so that shared pages count once."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path

from tests import tree as trees

SETTLE_SECONDS = 8.0
BAR_MB = 800


def proportional_mb(pid: int) -> float:
    """PSS of one process in MB, from Linux' /proc."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Pss line")


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += descendants(int(child))
    return found


def name_of(pid: int) -> str:
    """Which of ours it is: the management command that it runs."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    commands = [number for number, word in enumerate(words) if word.endswith("manage.py")]
    return " ".join(words[commands[0] + 1 :]).strip() if commands else "supervisor"


def main() -> None:
    with trees.running() as tree:
        tree.bootstrap()
        time.sleep(SETTLE_SECONDS)
        assert tree.process is not None
        pids = descendants(tree.process.pid)
        parts = [(name_of(pid), proportional_mb(pid)) for pid in pids]
    total = sum(size for _, size in parts)
    line = {
        "name": "idle_memory",
        "value": round(total),
        "unit": "MB",
        "baseline": BAR_MB,
        "ratio": round(total / BAR_MB, 2),
        "processes": len(pids),
        "parts": [f"{name} {size:.0f}" for name, size in parts],
        "machine": f"{platform.system()} {platform.machine()} py{platform.python_version()}",
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
