"""Ends this process when its supervisor is gone: the read end of the supervisor's pipe reports end-of-file."""

from __future__ import annotations

import os
import signal
import threading
import time

from ferry.kernel.jobs.apart import LIFELINE as FD

GRACE_SECONDS = 20.0


def watch() -> None:
    """Start watching, in a daemon thread, where a supervisor started this process; else do nothing."""
    number = os.environ.pop(FD, "")
    if number:
        threading.Thread(target=_wait, args=(int(number),), name="lifeline", daemon=True).start()


def _wait(reader: int) -> None:
    while os.read(reader, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
