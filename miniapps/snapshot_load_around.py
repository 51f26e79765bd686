"""Published categories and short links as the edge holds them. Runs in the edge's snapshot thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ferry.edge.registry import Sources


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
