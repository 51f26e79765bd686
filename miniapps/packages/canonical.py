"""The one form in which a package is hashed, signed and served: a stored zip whose bytes follow from its files.

Sorted by path, fixed date, UTF-8 names, no compression, no extra fields: the same files give the same bytes whatever
tool zipped them. Stored, because a delta over deflated data is 3 to 22 times as large, and because one file can then
be read out of the package by its offset.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ferry.kernel.signing.canonical import canonical_json

DATE = (1980 - 1980) << 9 | 1 << 5 | 1  # 1 January 1980, the first day that a zip can name
UTF8_NAMES = 1 << 11
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION = 20  # of the format that a reader must know: 2.0
_MADE_BY = 3 << 8 | _VERSION  # Unix, so that the mode below counts
_MODE = 0o100644 << 16
_CHUNK = 256 * 1024

FileRow = tuple[str, int, int, str]
"""Path, offset of its bytes in the package, size, sha256."""


@dataclass(frozen=True, slots=True)
class Package:
    """What writing gave."""

    sha256: str
    size: int
    files: tuple[FileRow, ...]
    files_root: str


def write_package(paths: Iterable[str], read: Callable[[str], Iterator[bytes]], out: BinaryIO) -> Package:
    """Write the canonical package of these files. `read` gives a file's content in chunks and is called once each.

    Each local header stands before its content but holds the checksum, so it is written last, in place: `out` has to
    be seekable.
    """
    rows: list[FileRow] = []
    directory: list[bytes] = []
    at = 0
    for path in sorted(paths, key=str.encode):
        name = path.encode()
        start, at = at, at + _LOCAL.size + len(name)
        out.seek(at)
        crc = size = 0
        digest = hashlib.sha256()
        for chunk in read(path):
            out.write(chunk)
            crc = zlib.crc32(chunk, crc)
            digest.update(chunk)
            size += len(chunk)
        out.seek(start)
        head = (_VERSION, UTF8_NAMES, 0, 0, DATE, crc, size, size, len(name), 0)
        out.write(_LOCAL.pack(b"PK\3\4", *head) + name)
        directory.append(_CENTRAL.pack(b"PK\1\2", _MADE_BY, *head, 0, 0, 0, _MODE, start) + name)
        rows.append((path, at, size, digest.hexdigest()))
        at += size
    out.seek(at)
    listing = b"".join(directory)
    out.write(listing)
    out.write(_END.pack(b"PK\5\6", 0, 0, len(rows), len(rows), len(listing), at, 0))
    out.truncate()
    return Package(digest_of(out), out.tell(), tuple(rows), files_root(rows))


def files_root(rows: Sequence[FileRow]) -> str:
    """sha256 over [[path, size, sha256], …] by path, in canonical JSON: proves unpacked files without the zip."""
    table = [[path, size, sha256] for path, _, size, sha256 in sorted(rows)]
    return hashlib.sha256(canonical_json(table)).hexdigest()


def digest_of(file: BinaryIO) -> str:
    """sha256 of the whole file; leaves it at its end."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
