"""Blobs as files: written under another name, synced, renamed, the folder synced."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from ferry.kernel import ids
from ferry.kernel.secrets import sync_folder
from ferry.kernel.storage.base import Blob, BlobMissing, Stored, copy, is_address

ABANDONED_S = 3600  # a temporary file this old belongs to an upload that died


class LocalBlobs:
    """Files under `root`, in 256 folders by the first two digits; `root`/tmp holds what is still being written."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tmp = root / "tmp"

    def put(self, source: bytes | BinaryIO, *, limit: int | None = None) -> Blob:
        self._tmp.mkdir(parents=True, exist_ok=True)
        temporary = self._tmp / ids.new()
        try:
            with temporary.open("xb") as file:
                blob = copy(source, file, limit)
                file.flush()
                os.fsync(file.fileno())
            self._place(temporary, blob)
        finally:
            temporary.unlink(missing_ok=True)
        return blob

    def open(self, sha256: str) -> BinaryIO:
        if not is_address(sha256):
            raise BlobMissing(sha256=sha256)
        try:
            return cast(BinaryIO, self._file(sha256).open("rb"))
        except FileNotFoundError:
            raise BlobMissing(sha256=sha256) from None

    def path(self, sha256: str) -> Path | None:
        return self._file(sha256) if self.exists(sha256) else None

    def url(self, sha256: str, seconds: int, media_type: str = "", encoding: str = "") -> str | None:
        return None

    def exists(self, sha256: str) -> bool:
        return is_address(sha256) and self._file(sha256).is_file()

    def delete(self, sha256: str) -> None:
        if is_address(sha256):
            self._file(sha256).unlink(missing_ok=True)

    def stored(self) -> Iterator[Stored]:
        for folder in self._root.glob("[0-9a-f][0-9a-f]"):
            for file in folder.iterdir():
                if is_address(file.name):
                    with suppress(FileNotFoundError):
                        yield Stored(file.name, _put_at(file))

    def remove_older(self, sha256: str, than: datetime) -> bool:
        if not is_address(sha256):
            return False
        file = self._file(sha256)
        with suppress(FileNotFoundError), self._held(fcntl.LOCK_EX):
            if _put_at(file) <= than:
                file.unlink()
                return True
        return False

    def sweep(self) -> int:
        gone = 0
        for file in self._tmp.glob("*"):
            try:
                if file.stat().st_mtime < time.time() - ABANDONED_S:
                    file.unlink()
                    gone += 1
            except FileNotFoundError:
                continue  # its upload ended just now
        return gone

    def _file(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    def _place(self, temporary: Path, blob: Blob) -> None:
        final = self._file(blob.sha256)
        if not final.parent.is_dir():
            final.parent.mkdir(exist_ok=True)
            sync_folder(self._root)
        with self._held(fcntl.LOCK_SH):
            os.replace(temporary, final)  # over an equal file: harmless to its readers, and it mends a damaged one
        sync_folder(final.parent)

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        """Keeps `remove_older` and the renames of `put` apart: what it looks at is not put before it removes it."""
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


def _put_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
