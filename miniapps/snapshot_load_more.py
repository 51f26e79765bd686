"""Published categories, short links and the addresses of icons as the edge holds them. Runs in the snapshot thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ferry.edge.registry import Sources
from miniapps import snapshot_load


@dataclass(frozen=True, slots=True)
class Categories:
    """The shelves of the directory."""

    places: Mapping[str, int]  # key → 0, 1, 2 …
    entries: bytes  # the member "categories" of the directory


@dataclass(frozen=True, slots=True)
class Link:
    """Where a short link leads."""

    program: str
    path: str
    query: str
    expires_at: float | None  # epoch seconds


def load_categories(key: str, body: dict[str, Any], sources: Sources) -> Categories:
    """The loader of the part of kind "categories"."""
    items = [{"id": item["id"], "name": item["names"]} for item in body["items"]]
    return Categories({item["id"]: place for place, item in enumerate(items)}, msgspec.json.encode(items))


def load_links(key: str, body: dict[str, Any], sources: Sources) -> dict[str, Link]:
    """The loader of parts of kind "links": links by code."""
    return {code: Link(**link) for code, link in body["links"].items()}


def load_program(key: str, body: dict[str, Any], sources: Sources) -> snapshot_load.Program:
    """The loader of parts of kind "program": with the names under which the edge serves its icons, and only those."""
    for name, sha256 in body["icons"].items():
        sources.serves_as(f"{sha256}.webp" if name.endswith(".webp") else f"{sha256}.png", sha256)
    return snapshot_load.load_program(key, body, sources)
