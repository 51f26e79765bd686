"""What a package says about itself, in Ferry's words: ferry.json beside what the files of its kind say.

ferry.json is ours, so what is wrong in it is an error. In a file of another platform a member that we cannot use is
ignored and reported. Members are listed in docs/publish.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from miniapps.packages import declared
from miniapps.packages.declared import Declared

FILE, OTHERS = "ferry.json", "manifest.json"


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
    root: str = ""  # the folder of the code in a source tree, with its slash
    declared: Declared = field(default_factory=Declared)

    def or_else(self, other: Manifest) -> Manifest:
        """This manifest, and where it says nothing the other's."""
        ours = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "declared"}
        said = {name: value for name, value in ours.items() if value}
        return replace(other, **said, declared=self.declared.or_else(other.declared))


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


def read_members(raw: Mapping[str, Any], file: str, ignored: Callable[[str, bool], None]) -> Manifest:
    """The members of a manifest in our words. `ignored` is told of each that is not used, and whether it is known."""
    good: dict[str, Any] = {}
    for member, value in raw.items():
        if member in MEMBERS and MEMBERS[member](value):
            good[member] = value.strip() if isinstance(value, str) else value
        else:
            ignored(member, member in MEMBERS)
    parts = {member: good.pop(member) for member in declared.MEMBERS if member in good}
    return Manifest(file=file, declared=declared.from_members(parts), **good)
