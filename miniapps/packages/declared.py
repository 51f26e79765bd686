"""What a mini-program declares about itself: pages, sub-packages, capabilities, domains, plugins, preload rules.

The shapes are the same for every kind; where they stand differs (ferry.json, app-config.json, app.json, manifest.json).
Whether a host app grants what is requested is decided later, per host app; here only the form is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

MAX_PAGES = 2_000
MAX_SUBPACKAGES = 100
MAX_REQUESTS = 200  # capabilities; domains of each use
MAX_PLUGINS = 20
DOMAIN_USES = ("request", "webview", "upload", "download")

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?")  # safe in addresses and in file names
_CAPABILITY = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Subpackage:
    """A folder of the package that a host may fetch by itself. An independent one opens without the main package."""

    name: str
    root: str  # without slashes at its ends
    independent: bool = False

    def holds(self, path: str) -> bool:
        """Whether the file or page is in this sub-package."""
        return path.startswith(f"{self.root}/")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin package that the mini-program uses, under the name that its code knows it by."""

    alias: str
    id: str
    range: str  # of versions, as people write it: "^1.2.0"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the manifest of a package declares. Empty tuples and mappings where it says nothing."""

    pages: tuple[str, ...] = ()
    subpackages: tuple[Subpackage, ...] = ()
    capabilities: tuple[str, ...] = ()
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # use → addresses as written
    plugins: tuple[Plugin, ...] = ()
    preload: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # page → names of sub-packages
    window: Mapping[str, Any] = field(default_factory=dict)  # how W3C's window member reads, defaults filled in

    def or_else(self, other: Declared) -> Declared:
        """This, and where it says nothing the other."""
        return Declared(*(getattr(self, each.name) or getattr(other, each.name) for each in fields(self)))

    def as_json(self, sizes: Mapping[str, int]) -> dict[str, Any]:
        """What a version keeps. `sizes` are the bytes of each file of the package by its path."""
        return {
            "pages": list(self.pages),
            "subpackages": [_measured(each, sizes) for each in self.subpackages],
            "requested": {
                "capabilities": list(self.capabilities),
                "domains": {use: list(addresses) for use, addresses in self.domains.items()},
            },
            "plugins": [{"alias": each.alias, "id": each.id, "range": each.range} for each in self.plugins],
            "preload": {page: list(names) for page, names in self.preload.items()},
            **({"window": dict(self.window)} if self.window else {}),
        }


def _measured(subpackage: Subpackage, sizes: Mapping[str, int]) -> dict[str, Any]:
    inside = [size for path, size in sizes.items() if subpackage.holds(path)]
    return {
        "name": subpackage.name,
        "root": subpackage.root,
        "independent": subpackage.independent,
        "size": sum(inside),
        "files": len(inside),
    }


def from_members(members: Mapping[str, Any]) -> Declared:
    """The members of a manifest whose form was checked by MEMBERS."""
    return Declared(
        pages=tuple(members.get("pages", ())),
        subpackages=tuple(
            Subpackage(
                each.get("name") or clean_root(each["root"]).replace("/", "."),
                clean_root(each["root"]),
                each.get("independent", False),
            )
            for each in members.get("subpackages", ())
        ),
        capabilities=tuple(members.get("capabilities", ())),
        domains={use: tuple(addresses) for use, addresses in members.get("domains", {}).items()},
        plugins=tuple(Plugin(alias, each["id"], each["range"]) for alias, each in members.get("plugins", {}).items()),
        preload={page: tuple(names) for page, names in members.get("preload", {}).items()},
    )


def clean_root(root: str) -> str:
    """A folder as manifests write it ("pages/pay/", "/pages/pay") in the form that paths begin with."""
    return root.removeprefix("./").strip("/")


def is_path(value: Any) -> bool:
    """Text of one line that can stand for a page or a folder; whether it is there is checked with the files."""
    return isinstance(value, str) and 0 < len(value.strip("/")) <= 1024 and value.isprintable()


def _distinct(value: Any, limit: int, good: Any) -> bool:
    return isinstance(value, list) and len(value) <= limit and all(map(good, value)) and len(set(value)) == len(value)


def is_name(value: Any) -> bool:
    """What names a sub-package, a plugin or its alias."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _are_pages(value: Any) -> bool:
    return _distinct(value, MAX_PAGES, is_path)


def _are_subpackages(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_SUBPACKAGES and all(map(_is_subpackage, value))


def _is_subpackage(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and is_path(value.get("root"))
        and (is_name(value["name"]) if "name" in value else is_name(clean_root(value["root"]).replace("/", ".")))
        and isinstance(value.get("independent", False), bool)
    )


def is_capability(value: Any) -> bool:
    """What names something that a mini-program may call."""
    return isinstance(value, str) and _CAPABILITY.fullmatch(value) is not None


def _are_capabilities(value: Any) -> bool:
    return _distinct(value, MAX_REQUESTS, is_capability)


def _are_domains(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= set(DOMAIN_USES)
        and all(_distinct(addresses, MAX_REQUESTS, _is_address) for addresses in value.values())
    )


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable() and not _SPACE.search(value)


def _are_plugins(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_PLUGINS
        and all(is_name(alias) and _is_plugin(each) for alias, each in value.items())
    )


def _is_plugin(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and is_name(value.get("id"))
        and isinstance(value.get("range"), str)
        and 0 < len(value["range"]) <= 64
        and value["range"].isprintable()
    )


def _are_preloads(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_PAGES
        and all(is_path(page) and _are_names(names) for page, names in value.items())
    )


def _are_names(value: Sequence[Any]) -> bool:
    return _distinct(value, MAX_SUBPACKAGES, is_name)


MEMBERS = {
    "pages": _are_pages,
    "subpackages": _are_subpackages,
    "capabilities": _are_capabilities,
    "domains": _are_domains,
    "plugins": _are_plugins,
    "preload": _are_preloads,
}
"""Member of ferry.json to whether its form is right."""
