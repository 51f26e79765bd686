"""An edge on another host hands its closed segments to the loader through the storage.

    journal/<host>/<process>/<boot>-<number>.<bytes>      a segment, whole, with its length in its name
    journal-let-go/<host>/<process>/<boot>-<number>       its edge has deleted its own copy

One segment at a time: upload, read back and compare, delete here, say so. A crash between any two leaves the segment
here, and the next start ships it again: its name was never another's (the boot in it is random), so the loader knows
what it has loaded already. It keeps knowing for as long as the edge may still hold a copy, hence the last step.

Who holds `journal/shipping.lock` ships everything in the folder, for all edge processes of this host, living or dead.
The open segment is never shipped: its rotation closes it after a minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from ferry.journal import disk, folder
from ferry.journal.folder import Segment
from ferry.kernel import ids
from ferry.kernel.storage import NamedFiles

log = logging.getLogger(__name__)

SEGMENTS = "journal"
LET_GO = "journal-let-go"
HOST = re.compile(r"[0-9a-z]{26}")
_HOST_FILE = "host"
_PIECE = 1 << 20  # bytes that are compared at a time
_LONGEST_PAUSE_S = 60.0  # between attempts when the storage fails
_FAREWELL_S = 10.0  # how long an edge that ends may ship what it has just closed
_LAST_LOCK_S = 2.0  # how long it waits for another one that ships; that one takes care of the rest


def host_of(root: Path) -> str:
    """This folder's name in the storage: random, made once, so that process ids of two hosts never meet."""
    path = root / _HOST_FILE
    if not path.exists():
        disk.make_folder(root)
        made = root / f"{_HOST_FILE}.{ids.new()}"
        made.write_text(ids.unguessable(130))
        disk.sync_path(made)
        try:
            os.link(made, path)  # fails where another process has been faster
        except FileExistsError:
            pass
        finally:
            made.unlink()
        disk.sync_path(root)
    host = path.read_text()
    if not HOST.fullmatch(host):
        raise ValueError(f"{path} is damaged. Delete it once this folder holds no segments any more.")
    return host


def ships(root: Path) -> bool:
    """Whether this folder's segments go through the storage: then nobody loads them from here."""
    return (root / _HOST_FILE).exists()


class Shipper:
    """Ships one journal folder, in a thread beside the edge."""

    def __init__(
        self,
        root: Path,
        files: NamedFiles,
        *,
        pace_seconds: float = 2.0,
        crash_at: Callable[[str], None] = lambda point: None,
    ) -> None:
        """`crash_at` is told each step of a segment as it is passed: how the tests stop it there."""
        self._root, self._files = root, files
        self._pace = pace_seconds
        self._point = crash_at
        self._stop = Event()
        self._thread = Thread(target=self._run, name="journal-shipper", daemon=True)
        self._lock = -1
        self.shipped = 0  # segments, since the start
        self.failures = 0

    def start(self) -> None:
        """Mark the folder as one that ships, then begin. Raises OSError, ValueError."""
        host_of(self._root)
        self._thread.start()

    def stop(self) -> None:
        """Ship what has been closed by now, for some seconds; the next start ships the rest."""
        self._stop.set()
        self._thread.join(_FAREWELL_S)

    def ship(self) -> None:
        """Everything that is closed. Nobody else may be shipping this folder. Raises OSError."""
        host = host_of(self._root)
        for segment in folder.segments(self._root):
            if segment.closed:
                self._ship(host, segment)

    def _ship(self, host: str, segment: Segment) -> None:
        self._point("found")
        try:
            size = segment.size()
        except FileNotFoundError:  # its loader had it in hand when this folder began to ship
            return
        place = f"{host}/{segment.name}"
        name = f"{SEGMENTS}/{place}.{size}"
        if size:
            with segment.path.open("rb") as file:
                self._files.put(name, file)
            self._point("uploaded")
            self._verify(segment, name, size)
            self._point("verified")
        folder.remove(segment.path)
        self._point("removed")
        if size:
            self._files.put(f"{LET_GO}/{place}", io.BytesIO(b"let go\n"))
            self.shipped += 1
        self._point("let go")

    def _verify(self, segment: Segment, name: str, size: int) -> None:
        here, there = hashlib.sha256(), hashlib.sha256()
        for piece in self._files.pieces(name):  # a loader that has been faster and removed it: shipped again
            there.update(piece)
        for position in range(0, size, _PIECE):
            here.update(segment.bytes_at(position, _PIECE))
        if here.digest() != there.digest():
            raise OSError(f"{name} is not in the storage what it is here; it is shipped again")

    def _run(self) -> None:
        pause = self._pace
        while not self._stop.wait(pause):
            pause = self._turn(pause)
        until = time.monotonic() + _LAST_LOCK_S
        self._turn(pause)
        while self._lock < 0 and time.monotonic() < until:
            time.sleep(0.1)  # another edge of this host ships; if it is ending too, this one is the last
            self._turn(pause)
        if self._lock >= 0:
            os.close(self._lock)

    def _turn(self, pause: float) -> float:
        try:
            if self._take():
                self.ship()
        except Exception as error:
            self.failures += 1
            pause = min(max(2 * pause, self._pace), _LONGEST_PAUSE_S)
            log.warning("the journal of this host waits for the storage: %r; again in %.0f s", error, pause)
            return pause
        return self._pace

    def _take(self) -> bool:
        if self._lock < 0:
            descriptor = os.open(self._root / "shipping.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True
