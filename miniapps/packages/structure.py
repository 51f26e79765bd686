"""How a zip is laid out: the end record, the central directory, the local headers, and that they agree.

A zip describes each file twice, in the central directory and in a local header before the data, and readers differ in
which they believe (phones read local headers, Python the directory). So both have to say the same, the parts have to
fill the file without gap or overlap, and every byte is accounted for. Format: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from miniapps.packages import names
from miniapps.packages.findings import Code, Refused

STORED, DEFLATED = 0, 8
_EMPTY = 2  # bytes of nothing at all, deflated
_NEWEST = 45  # honest tools ask for 2.0, some for 4.5 without using what it brought

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s2x3H4x3L4H2x2L")
_LOCAL = struct.Struct("<4s3H4x3L2H")
_ENCRYPTED, _DESCRIPTOR, _PATCHED, _STRONG, _MASKED = 1, 1 << 3, 1 << 5, 1 << 6, 1 << 13
_EXTRA_ZIP64, _EXTRA_UNICODE_PATH, _EXTRA_AES = 0x0001, 0x7075, 0x9901


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive, with what both of its descriptions agree on."""

    path: str
    size: int
    packed: int
    crc: int
    method: int
    flags: int
    offset: int  # of the local header
    data: int = 0  # offset of the packed bytes


def read_end(file: BinaryIO, length: int) -> tuple[int, int, int]:
    """Find the end record, which has to end the file, and return entries, size and offset of the directory."""
    file.seek(0)
    start = file.read(4)
    if length < _END.size or start[:2] != b"PK":
        # A prefix (a self-extractor, a picture) still has an end record; tell it apart from something else entirely.
        has_end = length >= _END.size and _tail(file, length).rfind(b"PK\5\6") >= 0
        raise Refused(Code.LEADING_DATA if has_end else Code.NOT_A_ZIP)
    tail = _tail(file, length)
    at = tail.rfind(b"PK\5\6")
    if at < 0:
        raise Refused(Code.TRUNCATED)
    if len(tail) - at < _END.size:
        raise Refused(Code.TRUNCATED)
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(tail, at)
    end = at + _END.size + comment
    if end < len(tail):
        raise Refused(Code.TRAILING_DATA)
    if end > len(tail):
        raise Refused(Code.TRUNCATED)
    if tail.count(b"PK\5\6") > 1 and _looks_like_end(tail, at):
        raise Refused(Code.AMBIGUOUS_END)
    if count == 0xFFFF or size == 0xFFFFFFFF or offset == 0xFFFFFFFF or tail[max(0, at - 20) :][:4] == b"PK\6\7":
        raise Refused(Code.ZIP64)
    if disk or first_disk or here != count:
        raise Refused(Code.SPLIT)
    position = length - len(tail) + at
    if offset + size != position:
        # Readers that count back from the end would find another directory than those that trust the offset.
        raise Refused(Code.LEADING_DATA if offset + size < position else Code.DIRECTORY_DAMAGED)
    return count, size, offset


def _tail(file: BinaryIO, length: int) -> bytes:
    """The last bytes of the file: an end record and the longest comment there can be."""
    wanted = min(length, _END.size + 0xFFFF)
    file.seek(length - wanted)
    return file.read(wanted)


def _looks_like_end(tail: bytes, last: int) -> bool:
    """Whether an earlier end record also reaches the end of the file: then two readers may see two archives."""
    at = tail.find(b"PK\5\6")
    while 0 <= at < last:
        if len(tail) - at >= _END.size and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            return True
        at = tail.find(b"PK\5\6", at + 1)
    return False


def read_directory(directory: bytes, count: int) -> Iterator[tuple[str, Entry]]:
    at = 0
    for _ in range(count):
        if len(directory) - at < _CENTRAL.size or directory[at : at + 4] != b"PK\1\2":
            raise Refused(Code.DIRECTORY_DAMAGED)
        _, needed, flags, method, *sizes, disk, mode, offset = _CENTRAL.unpack_from(directory, at)
        crc, packed, size, name_length, extra_length, comment_length = sizes
        at += _CENTRAL.size
        raw = directory[at : at + name_length]
        extra = directory[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length + comment_length
        if at > len(directory):
            raise Refused(Code.DIRECTORY_DAMAGED)
        name = names.decode(raw)
        names.check(name)
        if disk:
            raise Refused(Code.SPLIT, name)
        _check_means(name, needed, flags, method)
        _check_extra(name, extra)
        _check_mode(name, mode >> 16)
        if 0xFFFFFFFF in (packed, size, offset):
            raise Refused(Code.ZIP64, name)
        if method == STORED and packed != size:
            raise Refused(Code.BAD_SIZE, name)
        if name.endswith("/") and (size or packed > _EMPTY):
            raise Refused(Code.BAD_SIZE, name)  # nobody reads what a folder holds, so it holds nothing
        yield name, Entry(name, size, packed, crc, method, flags, offset)
    if at != len(directory):
        raise Refused(Code.DIRECTORY_DAMAGED)


def _check_means(name: str, needed: int, flags: int, method: int) -> None:
    """Refuse what a reader of version 4.5 of the format cannot read."""
    if flags & (_ENCRYPTED | _STRONG | _MASKED):
        raise Refused(Code.ENCRYPTED, name)
    if needed & 0xFF > _NEWEST or flags & _PATCHED or method not in (STORED, DEFLATED):
        raise Refused(Code.METHOD_UNKNOWN, name, method=method)


def _check_extra(name: str, extra: bytes) -> None:
    """Refuse the extra fields that give an entry another size, name or cipher than its header says.

    And those that reach beyond their place: some readers refuse such an archive, others pass over it.
    """
    at = 0
    while len(extra) - at >= 4:
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == _EXTRA_ZIP64:
            raise Refused(Code.ZIP64, name)
        if kind == _EXTRA_AES:
            raise Refused(Code.ENCRYPTED, name)
        if kind == _EXTRA_UNICODE_PATH and extra[at + 9 : at + 4 + size] != name.encode():
            raise Refused(Code.LOCAL_MISMATCH, name, what="name")
        at += 4 + size
    if at > len(extra):
        raise Refused(Code.DIRECTORY_DAMAGED, name)


def _check_mode(name: str, mode: int) -> None:
    """Only files and folders: no links, devices, pipes. An archive without Unix modes has zero here."""
    kind = stat.S_IFMT(mode)
    allowed = (0, stat.S_IFDIR) if name.endswith("/") else (0, stat.S_IFREG)
    if kind not in allowed:
        raise Refused(Code.SPECIAL_FILE, name)


def place(entries: list[Entry], file: BinaryIO, directory: int) -> list[Entry]:
    """Read each local header and demand that the entries lie end to end from the first byte to the directory."""
    placed = []
    at = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < at:
            raise Refused(Code.OVERLAP, entry.path)
        if entry.offset > at:
            raise Refused(Code.HIDDEN_DATA if at else Code.LEADING_DATA, entry.path)
        data = _read_local(file, entry)
        end = data + entry.packed
        if end > directory:
            raise Refused(Code.OVERLAP, entry.path)
        if entry.flags & _DESCRIPTOR:
            end += _read_descriptor(file, end, entry)
        placed.append(replace(entry, data=data))
        at = end
    if at != directory:
        raise Refused(Code.OVERLAP if at > directory else Code.HIDDEN_DATA)
    return placed


def _read_local(file: BinaryIO, entry: Entry) -> int:
    """Check the local header against the directory; return where the data begins."""
    file.seek(entry.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        raise Refused(Code.LOCAL_MISMATCH, entry.path, what="header")
    _, needed, flags, method, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
    name, extra = file.read(name_length), file.read(extra_length)
    if name != entry.path.encode():
        raise Refused(Code.LOCAL_MISMATCH, entry.path, what="name")
    # Bits 1 and 2 only tell how hard the packer tried, and bit 11 changes nothing for a name that is UTF-8 anyway.
    if (flags ^ entry.flags) & ~(0b110 | 1 << 11) or method != entry.method:
        raise Refused(Code.LOCAL_MISMATCH, entry.path, what="method")
    _check_means(entry.path, needed, flags, method)
    declared = (crc, packed, size)
    if declared != (entry.crc, entry.packed, entry.size) and not (flags & _DESCRIPTOR and not any(declared)):
        raise Refused(Code.LOCAL_MISMATCH, entry.path, what="size")
    if len(extra) < extra_length:
        raise Refused(Code.TRUNCATED, entry.path)
    _check_extra(entry.path, extra)
    return entry.offset + _LOCAL.size + int(name_length) + int(extra_length)


def _read_descriptor(file: BinaryIO, at: int, entry: Entry) -> int:
    """The length of the data descriptor after an entry that was written as a stream; it has to agree as well."""
    file.seek(at)
    found = file.read(16)
    expected = struct.pack("<3L", entry.crc, entry.packed, entry.size)
    if found == b"PK\7\x08" + expected:
        return 16
    if found[:12] == expected:
        return 12
    raise Refused(Code.LOCAL_MISMATCH, entry.path, what="descriptor")
