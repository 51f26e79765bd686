"""A host app to publish for, and a kind of part whose rows are a plain dict: helpers and fixtures of three folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.models import HostApp, Workspace
from ferry.kernel.publishing import registry, selectors
from ferry.kernel.publishing.registry import PartBody


def make_workspace(name: str = "Harbour") -> Workspace:
    return identity.create_workspace(name=name)


def make_host_app(workspace: Workspace, name: str = "Harbour app") -> HostApp:
    return identity.create_host_app(actor=system(workspace), name=name)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def host_app(workspace: Workspace) -> HostApp:
    return make_host_app(workspace)


@dataclass
class Board:
    """What the kind "board" is built from: key → body, and the sets that it names."""

    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    sets: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def build(self, host_app: HostApp, key: str) -> PartBody | None:
        return PartBody(self.bodies[key], self.sets.get(key, ())) if key in self.bodies else None

    def keys(self, host_app: HostApp) -> list[str]:
        return list(self.bodies)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    made = Board()
    monkeypatch.setitem(registry.KINDS, "board", registry.Kind(build=made.build, keys=made.keys))
    return made


def version_of(host_app: HostApp) -> int:
    return selectors.manifest(host_app.pk)[0]


def part_of(host_app: HostApp, name: str) -> bytes:
    """The bytes that an edge gets for this part."""
    _, manifest, _ = selectors.manifest(host_app.pk)
    sha = manifest[name]["sha"]
    return selectors.parts([sha])[sha]
