"""The parts of a package that a host may fetch one by one: the main part, and each sub-package.

A part is itself a canonical package; its files keep the paths that they have in the whole, so that a host unpacks all
parts into one folder and ends with what the whole package would have given. Pure but for the files it is handed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from miniapps.packages.canonical import FileRow, write_package

MAIN = "__APP__"
"""Name of the part that holds what is in no sub-package; WeChat's tools call it so in their size reports."""

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """What a part holds. `root` is empty for the main part."""

    name: str
    root: str
    independent: bool  # opens without the main part
    files: tuple[FileRow, ...]


def split(subpackages: Sequence[Mapping[str, Any]], files: Sequence[FileRow]) -> list[Part]:
    """The parts of a package, main part first; nothing when it declares no sub-packages.

    `subpackages` as a version declares them (name, root, independent), checked to lie apart. A main part without
    files is left out: all sub-packages are independent then.
    """
    if not subpackages:
        return []
    held: dict[str, list[FileRow]] = {each["name"]: [] for each in subpackages}
    main: list[FileRow] = []
    for row in files:
        name = next((each["name"] for each in subpackages if row[0].startswith(f"{each['root']}/")), None)
        (main if name is None else held[name]).append(row)
    parts = [Part(MAIN, "", False, tuple(main))] if main else []
    return parts + [
        Part(each["name"], each["root"], bool(each["independent"]), tuple(held[each["name"]]))
        for each in subpackages
        if held[each["name"]]
    ]


def write_part(part: Part, package: BinaryIO, out: BinaryIO) -> tuple[str, int]:
    """Write the canonical package of one part from the bytes of the whole; its sha256 and size."""
    rows = {row[0]: row for row in part.files}

    def read(path: str) -> Iterator[bytes]:
        _, offset, left, _ = rows[path]
        package.seek(offset)
        while left:
            chunk = package.read(min(_CHUNK, left))
            left -= len(chunk)
            yield chunk

    written = write_package(rows, read, out)
    return written.sha256, written.size
