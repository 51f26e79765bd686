"""Processes that work on a test's own database and are killed -9 at a moment of the test's choosing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection


def environment() -> dict[str, str]:
    """What another process needs to see this test's database, data folder and code."""
    used = connection.settings_dict
    url = f"sqlite:///{used['NAME']}"
    if connection.vendor == "postgresql":
        user = used["USER"] + (f":{used['PASSWORD']}" if used["PASSWORD"] else "")
        url = f"postgres://{user}@{used['HOST']}:{used['PORT']}/{used['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "FERRY_DATA": str(settings.FERRY_DATA),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@contextmanager
def doomed(script: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The process; dead when the block ends. It says on stdout where it is, and waits for an end of stdin there."""
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, f"the process ended with {process.wait()}"
    return line
