"""Zips made by hand, byte by byte: what no honest tool writes, and what honest tools write differently."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

UTF8 = 1 << 11
DESCRIPTOR = 1 << 3


@dataclass(frozen=True)
class Part:
    """One file. What is None in the second half is as the first half says; set it to make the two differ."""

    name: bytes
    content: bytes = b"x"
    method: int = 8
    flags: int = UTF8
    mode: int = 0o100644
    extra: bytes = b""
    descriptor: bool = False
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_method: int | None = None
    local_extra: bytes = b""
    needed: int = 20
    offset: int | None = None
    before: bytes = b""  # data in front of the local header

    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.content
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeeze.compress(self.content) + squeeze.flush()


@dataclass(frozen=True)
class Zip:
    """The archive around the parts."""

    parts: tuple[Part, ...] = (Part(b"index.html"),)
    prefix: bytes = b""
    suffix: bytes = b""
    comment: bytes = b""
    count: int | None = None
    directory_shift: int = 0
    disk: int = 0
    between: bytes = b""  # data between the files and the directory
    locator: bool = False  # of a zip64 end record

    def with_part(self, part: Part) -> Zip:
        return replace(self, parts=(*self.parts, part))

    def bytes(self) -> bytes:
        out, directory = bytearray(self.prefix), bytearray()
        for part in self.parts:
            body = part.body()
            crc = zlib.crc32(part.content) if part.crc is None else part.crc
            size = len(part.content) if part.size is None else part.size
            flags = part.flags | (DESCRIPTOR if part.descriptor else 0)
            out += part.before
            at = len(out) if part.offset is None else part.offset
            name = part.name if part.local_name is None else part.local_name
            method = part.method if part.local_method is None else part.local_method
            sizes = (
                (0, 0, 0) if part.descriptor else (crc, len(body), size if part.local_size is None else part.local_size)
            )
            out += struct.pack(
                "<4s5H3L2H", b"PK\3\4", part.needed, flags, method, 0, 33, *sizes, len(name), len(part.local_extra)
            )
            out += name + part.local_extra + body
            if part.descriptor:
                out += b"PK\7\x08" + struct.pack("<3L", crc, len(body), size)
            directory += struct.pack(
                "<4s6H3L5H2L",
                b"PK\1\2",
                3 << 8 | 20,
                part.needed,
                flags,
                part.method,
                0,
                33,
                crc,
                len(body),
                size,
                len(part.name),
                len(part.extra),
                0,
                0,
                0,
                part.mode << 16,
                at,
            )
            directory += part.name + part.extra
        out += self.between
        start = len(out) - len(self.prefix) + self.directory_shift
        count = len(self.parts) if self.count is None else self.count
        out += directory
        if self.locator:
            out += struct.pack("<4sLQL", b"PK\6\7", 0, start, 1)
        out += struct.pack(
            "<4s4H2LH", b"PK\5\6", self.disk, self.disk, count, count, len(directory), start, len(self.comment)
        )
        return bytes(out) + self.comment + self.suffix


PLAIN = Zip()


def many(names: Iterable[bytes]) -> Zip:
    return Zip(tuple(Part(name) for name in names))


@dataclass(frozen=True)
class Evil:
    """An archive that has to be refused, and with which code."""

    name: str
    code: str
    make: Callable[[], bytes] = field(repr=False)


def _named(name: bytes) -> Callable[[], bytes]:
    return lambda: PLAIN.with_part(Part(name)).bytes()


def _part(**values: object) -> Callable[[], bytes]:
    return lambda: PLAIN.with_part(replace(Part(b"evil.txt"), **values)).bytes()  # type: ignore[arg-type]


def _names(*names: bytes) -> Callable[[], bytes]:
    return lambda: many((b"index.html", *names)).bytes()


def _zip(**values: object) -> Callable[[], bytes]:
    return lambda: replace(PLAIN, **values).bytes()  # type: ignore[arg-type]


def _overlapping() -> bytes:
    """Two entries of the directory that share one local entry: a bomb that stays small."""
    first = Part(b"index.html", content=b"a" * 50)
    return Zip((first, Part(b"more.html", content=b"a" * 50, packed=b"", offset=0))).bytes()


def _inside() -> bytes:
    """A file whose data holds another file's local header."""
    inner = Zip((Part(b"inner.txt"),)).bytes()
    outer = Part(b"index.html", content=inner, method=0)
    return Zip((outer, Part(b"inner.txt", offset=30 + len(b"index.html")))).bytes()


def _two_ends() -> bytes:
    """An end record inside the comment of another, both reaching the end of the file."""
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
    return replace(PLAIN, comment=end).bytes()


def _bomb(size: int) -> Callable[[], bytes]:
    return lambda: PLAIN.with_part(Part(b"bomb.bin", content=bytes(size))).bytes()


def _lying_bomb() -> bytes:
    """Says that it is small and unpacks to 30 MB."""
    return PLAIN.with_part(Part(b"bomb.bin", content=bytes(30 << 20), size=1000)).bytes()


def _cut(keep: float) -> Callable[[], bytes]:
    def make() -> bytes:
        whole = PLAIN.with_part(Part(b"data.bin", content=bytes(range(256)) * 40, method=0)).bytes()
        return whole[: int(len(whole) * keep)]

    return make


EVIL: tuple[Evil, ...] = (
    Evil("traversal", "name_traversal", _named(b"../evil.txt")),
    Evil("traversal inside", "name_traversal", _named(b"a/../../evil.txt")),
    Evil("a dot", "name_traversal", _named(b"a/./evil.txt")),
    Evil("an empty part", "name_traversal", _named(b"a//evil.txt")),
    Evil("absolute", "name_absolute", _named(b"/etc/passwd")),
    Evil("a drive", "name_drive", _named(b"C:/evil.txt")),
    Evil("backslash", "name_backslash", _named(b"..\\evil.txt")),
    Evil("a share on a network", "name_backslash", _named(b"\\\\host\\share\\evil.txt")),
    Evil("a NUL", "name_nul", _named(b"good.txt\0.exe")),
    Evil("a control character", "name_control", _named(b"a\x1b[31m.txt")),
    Evil("a line break", "name_control", _named(b"a\nb.txt")),
    Evil("a stream", "name_forbidden", _named(b"good.txt:evil")),
    Evil("text from right to left", "name_forbidden", _named("photo\u202egnp.exe".encode())),
    Evil("a device of Windows", "name_reserved", _named(b"a/CON.txt")),
    Evil("a trailing dot", "name_trailing", _named(b"evil.")),
    Evil("a trailing space", "name_trailing", _named(b"evil /x")),
    Evil("not UTF-8", "name_not_utf8", _named(b"caf\xe9.txt")),
    Evil("a long name", "name_too_long", _named(b"a" * 256)),
    Evil("a name that grows in its normal form", "name_too_long", _named("\u0958".encode() * 50)),
    Evil("a long path", "name_too_long", _named(b"/".join([b"a" * 200] * 6))),
    Evil("400 folders deep", "name_too_deep", _named(b"/".join([b"a"] * 400))),
    Evil("no name", "name_empty", _named(b"")),
    Evil("only a slash", "name_empty", _named(b"/")),
    Evil("twice", "duplicate", _names(b"a.txt", b"a.txt")),
    Evil("twice by a name of one letter", "duplicate", _names(b"a", b"a")),
    Evil("twice but for case", "duplicate_case", _names(b"a.txt", b"A.TXT")),
    Evil("twice but for sharp s", "duplicate_case", _names("straße".encode(), b"strasse")),
    Evil("twice but for accents", "duplicate_unicode", _names("é.txt".encode(), "e\u0301.txt".encode())),
    Evil("a file and a folder", "file_and_folder", _names(b"a", b"a/b.txt")),
    Evil("a folder that is a file", "file_and_folder", _names(b"a", b"A/b.txt")),
    Evil("a symlink", "special_file", _part(mode=0o120777, content=b"/etc/passwd", method=0)),
    Evil("a device", "special_file", _part(mode=0o020666)),
    Evil("a folder with a content", "bad_size", _part(name=b"a/", mode=0o040755, content=b"", packed=bytes(99))),
    Evil("a pipe", "special_file", _part(mode=0o010666)),
    Evil("a folder without a slash", "special_file", _part(mode=0o040755)),
    Evil("encrypted", "encrypted", _part(flags=UTF8 | 1)),
    Evil("strongly encrypted", "encrypted", _part(flags=UTF8 | 1 << 6)),
    Evil("encrypted with AES", "encrypted", _part(extra=struct.pack("<2H7s", 0x9901, 7, b"\2\0AE\3\x08\0"))),
    Evil("an unknown method", "method_unknown", _part(method=12)),
    Evil("a version of the format to come", "method_unknown", _part(needed=64)),
    Evil("a patch", "method_unknown", _part(flags=UTF8 | 1 << 5)),
    Evil("another local name", "local_mismatch", _part(local_name=b"good.txt")),
    Evil("another local size", "local_mismatch", _part(local_size=5)),
    Evil("another local method", "local_mismatch", _part(local_method=0)),
    Evil(
        "another name in an extra field",
        "local_mismatch",
        _part(extra=struct.pack("<2HBL4s", 0x7075, 9, 1, 0, b"evil")),
    ),
    Evil("an extra field beyond its place", "directory_damaged", _part(extra=struct.pack("<2H", 0, 256))),
    Evil("such a field in the local header only", "directory_damaged", _part(local_extra=struct.pack("<2H", 0, 256))),
    Evil("zip64 in an extra field", "zip64", _part(extra=struct.pack("<2HQ", 1, 8, 1))),
    Evil("zip64 in the local header only", "zip64", _part(local_extra=struct.pack("<2HQ", 1, 8, 1))),
    Evil("zip64 by a locator", "zip64", _zip(locator=True)),
    Evil("a local name that is longer", "local_mismatch", _part(local_name=b"index.html.exe")),
    Evil("a local name but for case", "local_mismatch", _part(local_name=b"INDEX.HTML")),
    Evil("a checksum that only one of two knows", "bad_crc", _part(descriptor=True, crc=7)),
    Evil("a mark of a split archive", "leading_data", _zip(prefix=b"PK\x07\x08")),
    Evil("a mark of an archive that was not split", "leading_data", _zip(prefix=b"PK00")),
    Evil("a last disk that is not there", "split", _zip(disk=0xFFFE)),
    Evil("a socket", "special_file", _part(mode=0o140755)),
    Evil("a disk", "special_file", _part(mode=0o060660)),
    Evil("a pipe of Windows", "name_forbidden", _named(b"a|b.txt")),
    Evil("a home", "name_traversal", _named(b"..")),
    Evil("a device with an ending", "name_reserved", _named(b"com1.tar.gz")),
    Evil("twice but for a ligature", "duplicate_case", _names("ﬁle.txt".encode(), b"FILE.TXT")),
    Evil("a delete character", "name_control", _named(b"a\x7f.txt")),
    Evil("a control character of C1", "name_control", _named("a\x85.txt".encode())),
    Evil("UTF-8 that is too long", "name_not_utf8", _named(b"\xc0\xaf")),
    Evil("half a pair of UTF-16", "name_not_utf8", _named(b"\xed\xa0\x80.txt")),
    Evil("zip64 by its sizes", "zip64", _part(size=0xFFFFFFFF)),
    Evil("zip64 by its count", "zip64", _zip(count=0xFFFF)),
    Evil("a wrong checksum", "bad_crc", _part(crc=1)),
    Evil("a size that is too small", "bad_size", _part(content=b"x" * 100, size=50)),
    Evil("a size that is too large", "bad_size", _part(content=b"x" * 100, size=500)),
    Evil("a stored size that is wrong", "bad_size", _part(content=b"x" * 100, method=0, size=50)),
    Evil("data that cannot be unpacked", "bad_data", _part(packed=b"\xff" * 20)),
    Evil("data after the data", "bad_data", _part(packed=Part(b"", b"x").body() + b"more")),
    Evil("data that ends early", "bad_data", _part(content=b"xyz" * 99, packed=Part(b"", b"xyz" * 99).body()[:5])),
    Evil("50 MB of nothing", "ratio", _bomb(50 << 20)),
    Evil("200 MB of nothing", "too_large", _bomb(200 << 20)),
    Evil("a bomb that lies", "bad_size", _lying_bomb),
    Evil("overlapping entries", "overlap", _overlapping),
    Evil("a file inside another", "overlap", _inside),
    Evil("data in front", "leading_data", _zip(prefix=b"#!/bin/sh\n")),
    Evil("data in front that looks like a zip", "leading_data", _zip(prefix=b"PK\3\4junk")),
    Evil("data behind", "trailing_data", _zip(suffix=b"junk")),
    Evil("data between files", "hidden_data", _part(before=b"secret")),
    Evil("data before the directory", "hidden_data", _zip(between=b"secret")),
    Evil("two ends", "ambiguous_end", _two_ends),
    Evil("a wrong place of the directory", "directory_damaged", _zip(directory_shift=50)),
    Evil("a count that is too high", "directory_damaged", _zip(count=2)),
    Evil("a count that is too low", "directory_damaged", lambda: replace(PLAIN.with_part(Part(b"b")), count=1).bytes()),
    Evil("a count of nothing", "empty", _zip(count=0)),
    Evil("no files", "empty", lambda: Zip(()).bytes()),
    Evil("only folders", "empty", lambda: Zip((Part(b"a/", b"", method=0, mode=0o040755),)).bytes()),
    Evil("several disks", "split", _zip(disk=1)),
    Evil("20,000 files", "too_many_entries", lambda: many(b"f%d" % number for number in range(20_000)).bytes()),
    Evil("cut at half", "truncated", _cut(0.5)),
    Evil("cut at the end", "truncated", _cut(0.999)),
    Evil("nothing at all", "not_a_zip", lambda: b""),
    Evil("a picture", "not_a_zip", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100)),
    Evil("a gzip", "not_a_zip", lambda: b"\x1f\x8b\x08" + bytes(100)),
    Evil("an empty page", "no_entry", lambda: Zip((Part(b"readme.txt"),)).bytes()),
)
