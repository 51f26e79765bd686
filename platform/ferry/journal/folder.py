"""The journal's folder: one folder per edge process, one lock in it, and the segments of its boots.

    journal/<process id>/lock                       flock'ed for as long as the process lives; holds its boot's name
    journal/<process id>/<boot>-<number>.log        segments, numbered from 1 within a boot

No Django. A process writes only segments that it created in this boot. A segment is closed, which means that nobody
will write to it any more, when a later one of the same boot exists, when another boot holds the lock, or when nobody
does. Each of these is looked at before the segment is read, and an answer that is out of date says "still open".
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ferry.journal import disk
from ferry.journal.errors import FolderInUse
from ferry.journal.frames import MAX_RECORD, Chunk, parse

PROCESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
SEGMENT = re.compile(r"(?P<boot>[0-9a-z]{26})-(?P<number>[0-9]{8})")
_CHUNK = 4 * MAX_RECORD


class Piece(Protocol):
    """A segment, wherever it lies."""

    @property
    def name(self) -> str: ...

    @property
    def closed(self) -> bool: ...

    @property
    def shipped(self) -> bool:
        """It lies in the storage and not in this folder."""

    def bytes_at(self, position: int, limit: int) -> bytes:
        """Fewer than `limit` only at the end. Raises FileNotFoundError when it has been loaded and removed."""

    def size(self) -> int:
        """In bytes, now. Raises FileNotFoundError likewise."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal as it was found."""

    shipped: ClassVar[bool] = False
    process: str
    boot: str
    number: int
    path: Path
    closed: bool

    @property
    def name(self) -> str:
        """What the cursor table and the checksums call it."""
        return name_of(self.process, self.boot, self.number)

    def bytes_at(self, position: int, limit: int) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, limit, position)
        finally:
            os.close(descriptor)

    def size(self) -> int:
        return self.path.stat().st_size


def name_of(process: str, boot: str, number: int) -> str:
    return f"{process}/{boot}-{number:08d}"


def path_of(root: Path, name: str) -> Path:
    return root / f"{name}.log"


def lock(folder: Path, boot: str, *, patience: float = 5.0) -> int:
    """Hold the folder for this process until the returned descriptor is closed, which death does too.

    A reader that asks whether anybody lives here holds the lock for microseconds, hence the patience (seconds).
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise FolderInUse(
                    f"Another process writes to {folder}. Give each edge process an id of its own (--id)."
                ) from None
            time.sleep(0.01)
    os.pwrite(descriptor, boot.encode(), 0)  # always as long as the last one
    return descriptor


def segments(root: Path) -> Iterator[Segment]:
    """Every segment of every process, each process's in the order of writing within a boot."""
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and PROCESS.fullmatch(folder.name):
            yield from _of_process(folder)


def _of_process(folder: Path) -> Iterator[Segment]:
    # Listed first, asked for life afterwards: whoever starts in between has none of these segments.
    found = [
        match
        for name in sorted(os.listdir(folder))
        if name.endswith(".log") and (match := SEGMENT.fullmatch(name[:-4]))
    ]
    living = _living_boot(folder)
    newest = {match["boot"]: int(match["number"]) for match in found}  # sorted: the last one stays
    for match in found:
        number = int(match["number"])
        yield Segment(
            process=folder.name,
            boot=match["boot"],
            number=number,
            path=folder / f"{match.string}.log",
            closed=living != match["boot"] or number < newest[match["boot"]],
        )


def _living_boot(folder: Path) -> str:
    """The boot that may write here; "" when nobody does."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 64, 0).decode("ascii", "replace")
    else:
        return ""
    finally:
        os.close(descriptor)


def read(segment: Piece, position: int, *, limit: int = _CHUNK, most: int | None = None) -> tuple[Chunk, bool]:
    """What lies at `position`, at least one record when a complete one is there, and whether the segment is done with.

    Raises FileNotFoundError when it has been loaded and removed meanwhile.
    """
    limit = max(limit, _CHUNK)
    data = segment.bytes_at(position, limit)
    last = len(data) < limit
    chunk = parse(data, segment=segment.name, closed=segment.closed, last=last, most=most)
    return chunk, segment.closed and last and chunk.consumed == len(data)


def remove(path: Path) -> None:
    """Delete a segment so that it stays deleted after a power loss."""
    path.unlink(missing_ok=True)
    disk.sync_path(path.parent)


def unlock(descriptor: int) -> None:
    """Let the folder go: its segments count as closed from here on."""
    os.close(descriptor)
