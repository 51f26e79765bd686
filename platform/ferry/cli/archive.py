"""A folder becomes the zip that is checked and uploaded; a zip is taken as it is."""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ferry.cli.errors import Usage
from ferry.cli.projects import LeftOut

SKIPPED = {".git", ".hg", ".svn", "node_modules", "__MACOSX"}  # never part of a build, often larger than it
_DATE = (1980, 1, 1, 0, 0, 0)  # the same folder gives the same bytes


@contextmanager
def archive(path: Path, left_out: LeftOut = lambda path: False) -> Iterator[BinaryIO]:
    """The zip of `path`, open for reading. Raises Usage when it is neither a folder nor a file, or cannot be read."""
    if path.is_dir():
        with tempfile.TemporaryFile() as packed:
            try:
                _pack(path, packed, left_out)
            except OSError as wrong:
                raise Usage(f"{path} cannot be packed: {wrong}.") from None
            packed.seek(0)
            yield packed
        return
    try:
        file = path.open("rb")
    except OSError as wrong:
        raise Usage(f"{path} cannot be read: {wrong.strerror}.") from None
    with file:
        yield file


def _pack(folder: Path, out: BinaryIO, left_out: LeftOut) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(_files(folder)):
            name = path.relative_to(folder).as_posix()
            if left_out(name):
                continue
            if any("\udc80" <= letter <= "\udcff" for letter in name):  # how Python shows bytes that are no UTF-8
                raise Usage(f"{name!a}: the name is not written in UTF-8. Rename the file.")
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            if path.is_symlink():  # packed as a link, never followed: the check then names and refuses it
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                packed.writestr(entry, os.readlink(path))
                continue
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, packed.open(entry, "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder, onerror=_stop):
        here = Path(root)
        yield from (
            here / name for name in files if stat.S_ISREG(mode := (here / name).lstat().st_mode) or stat.S_ISLNK(mode)
        )
        yield from (here / name for name in folders if (here / name).is_symlink())
        folders[:] = [name for name in folders if name not in SKIPPED]


def _stop(wrong: OSError) -> None:
    """A folder that cannot be read is not left out silently: the package would lack its files."""
    raise wrong
