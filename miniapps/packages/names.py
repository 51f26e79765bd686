"""Which file names a package may carry: those that mean the same file on every system, and nothing else.

A device may unpack under these names on iOS, Android, HarmonyOS, or into an origin of a browser; a developer may look
at the files on Windows. A name that any of them would read in another way is refused, not repaired.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from miniapps.packages.findings import Code, Refused

MAX_PART_BYTES = 255  # one file or folder name on ext4, APFS and NTFS
MAX_PATH_BYTES = 1024
MAX_DEPTH = 32

_WINDOWS_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_FORBIDDEN = re.compile(
    '[<>:"|?*\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]'
)  # bidi marks disguise names
_IGNORED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._[^/]*$|Thumbs\.db$|desktop\.ini$|\.git/|\.svn/|\.hg/)")


def decode(raw: bytes) -> str:
    """The name as text. Only UTF-8 means the same everywhere; ASCII is part of it."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Code.NAME_NOT_UTF8, raw.decode("latin-1")) from None


def check(name: str) -> None:
    """Refuse a name that is not a plain relative path. A folder's ends with one slash."""
    path = name.removesuffix("/")
    if not path:
        raise Refused(Code.NAME_EMPTY, name)
    if "\0" in path:
        raise Refused(Code.NAME_NUL, name)
    if "\\" in path:
        raise Refused(Code.NAME_BACKSLASH, name)
    if path.startswith("/"):
        raise Refused(Code.NAME_ABSOLUTE, name)
    if re.match(r"[A-Za-z]:", path):
        raise Refused(Code.NAME_DRIVE, name)
    if any(unicodedata.category(letter) == "Cc" for letter in path):
        raise Refused(Code.NAME_CONTROL, name)
    if _longest(path) > MAX_PATH_BYTES:
        raise Refused(Code.NAME_TOO_LONG, name, limit=MAX_PATH_BYTES)
    parts = path.split("/")
    for part in parts:
        _check_part(part, name)
    if len(parts) > MAX_DEPTH:
        raise Refused(Code.NAME_TOO_DEEP, name, limit=MAX_DEPTH)


def _check_part(part: str, name: str) -> None:
    if part in ("", ".", ".."):
        raise Refused(Code.NAME_TRAVERSAL, name)
    if _FORBIDDEN.search(part):
        raise Refused(Code.NAME_FORBIDDEN, name)
    if part[-1] in ". ":
        raise Refused(Code.NAME_TRAILING, name)
    if _WINDOWS_DEVICES.fullmatch(part):
        raise Refused(Code.NAME_RESERVED, name)
    if _longest(part) > MAX_PART_BYTES:
        raise Refused(Code.NAME_TOO_LONG, name, limit=MAX_PART_BYTES)


def _longest(text: str) -> int:
    """Bytes of the name as it came and in the form that is kept: some characters become three in it."""
    return max(len(text.encode()), len(normal(text).encode()))


def check_together(names: Iterable[str]) -> None:
    """Refuse names that some file system would put in the same place: equal, or equal but for case or normal form."""
    files: dict[str, str] = {}
    folders: set[str] = set()
    for name in names:
        folded = fold(name.removesuffix("/"))
        if name.endswith("/"):
            folders.add(folded)
        elif folded in files:
            raise Refused(_likeness(files[folded], name), name, other=files[folded])
        else:
            files[folded] = name
        folders.update(_parents(folded))
    for folded, name in files.items():
        if folded in folders:
            raise Refused(Code.FILE_AND_FOLDER, name)


def _likeness(one: str, other: str) -> Code:
    if one == other:
        return Code.DUPLICATE
    if normal(one) == normal(other):
        return Code.DUPLICATE_UNICODE
    return Code.DUPLICATE_CASE


def _parents(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def normal(name: str) -> str:
    """NFC, the form in which browsers ask for a path and in which the canonical package keeps it."""
    return unicodedata.normalize("NFC", name)


def fold(name: str) -> str:
    """The form in which a file system that ignores case and normal form compares names."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_clutter(name: str) -> bool:
    """Left by an operating system or by version control: never part of a mini-program."""
    return _IGNORED.search(name) is not None
