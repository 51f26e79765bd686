"""The loader's seat on this host: after a kill -9 the next loader need not wait for the dead one's lease to run out.

The lease alone decides who works; this only gives back, early, what a dead process of this host cannot give back. A
loader holds an flock on `loader.lock` in the Parquet folder for as long as it lives, and notes its fencing token there.
Whoever gets that flock knows that the noted loader, if it ran on this host, is dead. Should a file system let two hosts
hold it at once, nothing breaks: the host's name is noted too, and fencing does not rest on this.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from ferry.journal.disk import make_folder
from ferry.kernel.jobs import services as jobs
from ferry.kernel.jobs.services import Held


class Seat:
    """One loader process's place, taken until the process ends."""

    def __init__(self, folder: Path, lease: str, seconds: float) -> None:
        self._lease, self._seconds = lease, seconds
        make_folder(folder)
        self._descriptor = os.open(folder / "loader.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._taken = False

    def acquire(self) -> Held | None:
        """The lease, or None while another loader works."""
        if not self._taken and self._take():
            self._release_the_dead()
        held = jobs.acquire(self._lease, self._seconds)
        if held is not None and self._taken:
            note = f"{socket.gethostname()} {held.token}".encode()
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, note, 0)
        return held

    def close(self) -> None:
        os.close(self._descriptor)

    def _take(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._taken = True
        return True

    def _release_the_dead(self) -> None:
        host, _, token = os.pread(self._descriptor, 300, 0).decode("utf-8", "replace").rpartition(" ")
        if host == socket.gethostname() and token.isdigit():
            Held(name=self._lease, token=int(token), holder="", seconds=self._seconds).release()
