"""Reads an uploaded zip and trusts none of it. Nothing is ever extracted under the archive's own names.

structure.py checks the layout before a byte is decompressed; here are the limits of cost, and the reading that proves
each declared size and checksum. Memory: the central directory (bounded) and one chunk. Time: linear in the declared
sizes, which are bounded first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from miniapps.packages import names, structure
from miniapps.packages.findings import Code, Refused
from miniapps.packages.structure import Entry

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one package may cost. Sizes in bytes."""

    archive: int = 64 << 20  # as uploaded
    total: int = 256 << 20  # unpacked; also the size of the canonical package
    file: int = 128 << 20
    entries: int = 10_000
    directory: int = 8 << 20  # the part of the archive that is held in memory
    ratio: int = 200  # unpacked to packed; real code and text stay under 20
    ratio_from: int = 1 << 20  # below this a high ratio harms nobody


class Archive:
    """An archive whose structure holds. Its contents are checked while they are read."""

    def __init__(self, file: BinaryIO, entries: list[Entry]) -> None:
        self._file = file
        self.entries = {entry.path: entry for entry in entries}

    def read(self, path: str) -> Iterator[bytes]:
        """The content in chunks. Raises Refused at the end when size or checksum are not what was declared."""
        entry = self.entries[path]
        crc = size = 0
        for chunk in self._unpacked(entry):
            size += len(chunk)
            if size > entry.size:
                raise Refused(Code.BAD_SIZE, path)
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if size != entry.size:
            raise Refused(Code.BAD_SIZE, path)
        if crc != entry.crc:
            raise Refused(Code.BAD_CRC, path)

    def _unpacked(self, entry: Entry) -> Iterator[bytes]:
        if entry.method == structure.STORED:
            yield from self._packed(entry)
            return
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for chunk in self._packed(entry):
                pending = chunk
                while pending and not inflate.eof:
                    if out := inflate.decompress(pending, CHUNK):
                        yield out
                    pending = inflate.unconsumed_tail
                if inflate.unused_data or (inflate.eof and pending):
                    raise Refused(Code.BAD_DATA, entry.path)
            while not inflate.eof:
                out = inflate.decompress(b"", CHUNK)
                if not out:
                    raise Refused(Code.BAD_DATA, entry.path)
                yield out
        except zlib.error:
            raise Refused(Code.BAD_DATA, entry.path) from None

    def _packed(self, entry: Entry) -> Iterator[bytes]:
        # Other reads move the file between two chunks: seek each time.
        position, left = entry.data, entry.packed
        while left:
            self._file.seek(position)
            chunk = self._file.read(min(CHUNK, left))
            if not chunk:
                raise Refused(Code.TRUNCATED, entry.path)
            position += len(chunk)
            left -= len(chunk)
            yield chunk


def open_archive(file: BinaryIO, limits: Limits) -> Archive:
    """Check the structure of a seekable zip and return it for reading. Raises Refused."""
    length = file.seek(0, 2)
    if length > limits.archive:
        raise Refused(Code.TOO_LARGE, size=length, limit=limits.archive)
    count, directory_size, directory_offset = structure.read_end(file, length)
    if count == 0:
        raise Refused(Code.EMPTY)
    if count > limits.entries:
        raise Refused(Code.TOO_MANY_ENTRIES, count=count, limit=limits.entries)
    if directory_size > limits.directory:
        raise Refused(Code.DIRECTORY_DAMAGED)
    file.seek(directory_offset)
    listed = list(structure.read_directory(file.read(directory_size), count))
    names.check_together(name for name, _ in listed)
    files = [entry for name, entry in listed if not name.endswith("/")]
    _check_cost(files, limits)
    placed = structure.place([entry for _, entry in listed], file, directory_offset)
    files = [entry for entry in placed if not entry.path.endswith("/")]
    if not files:
        raise Refused(Code.EMPTY)
    return Archive(file, files)


def _check_cost(files: list[Entry], limits: Limits) -> None:
    """Refuse by declared sizes. Reading checks that the declarations were true."""
    for entry in files:
        if entry.size > limits.file:
            raise Refused(Code.TOO_LARGE, entry.path, size=entry.size, limit=limits.file)
        if entry.size > limits.ratio_from and entry.size > entry.packed * limits.ratio:
            raise Refused(Code.RATIO, entry.path, ratio=entry.size // max(1, entry.packed), limit=limits.ratio)
    total, packed = sum(entry.size for entry in files), sum(entry.packed for entry in files)
    if total > limits.total:
        raise Refused(Code.TOO_LARGE, size=total, limit=limits.total)
    if total > 4 * limits.ratio_from and total > packed * limits.ratio:
        raise Refused(Code.RATIO, ratio=total // max(1, packed), limit=limits.ratio)
