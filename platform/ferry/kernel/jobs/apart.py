"""A management command in a process of its own, for work whose libraries should not stay in memory afterwards.

A worker that has once loaded scikit-learn keeps 150 MB for ever; a child gives them back. It ends with its parent: the
read end of a pipe that only the parent holds open reports end-of-file (ferry.config.lifeline watches it).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIFELINE = "FERRY_LIFELINE_FD"


def run(*command: str, manage: Path) -> None:
    """Run `manage.py command …` and wait for it. Raises CalledProcessError when it fails."""
    reader, writer = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, str(manage), *command],
            env={**os.environ, LIFELINE: str(reader)},
            pass_fds=(reader,),
            stdin=subprocess.DEVNULL,
        )
        os.close(reader)
        code = child.wait()
    finally:
        os.close(writer)
    if code:
        raise subprocess.CalledProcessError(code, command)
