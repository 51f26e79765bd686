"""What a package says about itself: ferry.json, or else manifest.json, at its root. Both are optional.

ferry.json is ours, so what is wrong in it is an error. manifest.json may be a web app's or another platform's, so a
member that we cannot use is ignored and reported. Members are listed in docs/publish.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from miniapps.packages import declared
from miniapps.packages.declared import Declared
from miniapps.packages.findings import Code, Finding, Refused, Report

FILES = ("ferry.json", "manifest.json")
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package asks for by itself; an upload request may say otherwise."""

    file: str = ""  # which file it came from; empty when there is none
    name: str = ""  # of the mini-program
    version: str = ""  # for people
    description: str = ""
    entry: str = ""
    icon: str = ""  # a path in the package
    notes: str = ""
    min_runtime: str = ""
    host_range: Mapping[str, Any] = field(default_factory=dict)
    declared: Declared = field(default_factory=Declared)


def _text(limit: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and 0 < len(value.strip()) <= limit and value.isprintable()


def _paragraph(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 4000 and "\0" not in value


MEMBERS: Mapping[str, Callable[[Any], bool]] = {
    "name": _text(64),
    "version": _text(64),
    "description": _text(500),
    "entry": _text(1024),
    "icon": _text(1024),
    "notes": _paragraph,
    "min_runtime": _text(32),
    "host_range": lambda value: isinstance(value, dict),  # its inside is checked with the request's, by targeting
    **declared.MEMBERS,
}


def read_manifest(paths: Collection[str], read: Callable[[str], bytes], report: Report) -> Manifest:
    """The manifest of a package; empty when it has none. Adds findings to `report`, or raises Refused."""
    name = next((name for name in FILES if name in paths), None)
    if name is None:
        return Manifest()
    ours = name == FILES[0]
    raw = _parse(read(name), name)
    known: dict[str, Any] = {}
    for member, value in raw.items():
        if member not in MEMBERS:
            if ours:
                report.ignored.append(Finding(Code.MEMBER_IGNORED, name, {"member": member[:64]}))
        elif MEMBERS[member](value):
            known[member] = value.strip() if isinstance(value, str) else value
        elif ours:
            report.errors.append(Finding(Code.MEMBER_INVALID, name, {"member": member}))
        else:
            report.ignored.append(Finding(Code.MEMBER_IGNORED, name, {"member": member}))
    parts = {member: known.pop(member) for member in declared.MEMBERS if member in known}
    return Manifest(file=name, declared=declared.from_members(parts), **known)


def _parse(raw: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Refused(Code.MANIFEST_NOT_JSON, name) from None
    if not isinstance(value, dict):
        raise Refused(Code.MANIFEST_NOT_JSON, name)
    return value
