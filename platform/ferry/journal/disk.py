"""The few acts on a disk that durability rests on, in one place, so that a test can make each of them fail.

No Django. `fdatasync` is enough for a file that only grows: it carries the new length along. On macOS neither fsync
nor fdatasync reaches the platter; `F_FULLFSYNC` does (fcntl(2) there).
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None) if sys.platform == "darwin" else None


def sync_file(descriptor: int) -> None:
    """Return when the file's bytes and length are on stable storage."""
    if _FULL_SYNC is not None:
        fcntl.fcntl(descriptor, _FULL_SYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_path(path: Path) -> None:
    """Bring a file that another library wrote, or a folder's entries, to stable storage."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create `path` and its parents; each new name survives a power loss."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_path(path.parent)


class Disk:
    """What a journal asks of its disk."""

    def create(self, path: Path) -> int:
        """A new, empty file that nobody had before; its name is durable. Raises FileExistsError, OSError."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            sync_path(path.parent)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, descriptor: int, data: bytes) -> None:
        """All of `data` at the end of the file, or OSError with any part of it written."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def sync(self, descriptor: int) -> None:
        sync_file(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def free_bytes(self, path: Path) -> int:
        """What an ordinary process may still write there."""
        state = os.statvfs(path)
        return state.f_bavail * state.f_frsize
