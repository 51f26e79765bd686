"""Reads a zip as java.util.zip.ZipInputStream does on phones: by local headers alone, from the front."""

from __future__ import annotations

import struct
import zlib

_LOCAL = struct.Struct("<4s5H3L2H")


class Unreadable(Exception):
    """A stream reader gives up here."""


def read_by_local_headers(raw: bytes) -> dict[bytes, bytes]:
    """Name to content of every entry; a name that comes twice keeps the last."""
    files: dict[bytes, bytes] = {}
    at = 0
    while raw[at : at + 4] == b"PK\3\4":
        _, _, flags, method, _, _, _, packed, _, name_length, extra_length = _LOCAL.unpack_from(raw, at)
        at += _LOCAL.size
        name = raw[at : at + name_length]
        at += name_length + extra_length
        if flags & 8 and method != 8:
            raise Unreadable("a stream cannot know where a stored entry with a descriptor ends")
        if method == 8:
            inflate = zlib.decompressobj(-15)
            content = inflate.decompress(raw[at:])
            at = len(raw) - len(inflate.unused_data) if flags & 8 else at + packed
        else:
            content = raw[at : at + packed]
            at += packed
        if flags & 8:
            at += 16 if raw[at : at + 4] == b"PK\7\x08" else 12
        files[name] = content
    return files
