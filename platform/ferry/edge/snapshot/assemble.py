"""From published parts to a HostAppSnapshot, preparing only what changed.

A part is loaded anew when its own bytes changed or when a part that its loader asked for did. Loaders run here, in
the snapshot thread; between two of them the thread lets go of the interpreter so that requests are not held up.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

from ferry.edge import registry
from ferry.edge.snapshot.hostapp import AppPart, HostAppSnapshot
from ferry.kernel.publishing import sets

log = logging.getLogger(__name__)

Manifest = Mapping[str, Mapping[str, Any]]  # "kind:key" → {"sha": …, "sets": [sha, …]}
Name = tuple[str, str]  # kind, key


class CannotAssemble(RuntimeError):
    """The published state is not complete here; the caller keeps what it has and tries again."""


@dataclass(slots=True, eq=False)
class _Loaded:
    sha: str
    value: Any
    used: dict[Name, _Loaded | None] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    named: dict[str, str] = field(default_factory=dict)


def wanted(manifest: Manifest) -> set[str]:
    """The hashes of all parts and sets in a manifest that some loader of this process reads."""
    hashes: set[str] = set()
    for name, entry in manifest.items():
        if registry.loader(_split(name)[0]) is not None:
            hashes.add(entry["sha"])
            hashes.update(entry.get("sets", ()))
    return hashes


class Assembler:
    """Remembers one host app's loaded parts from one version to the next."""

    def __init__(self, host_app_id: str, edge_url: str) -> None:
        self.host_app_id = host_app_id
        self.edge_url = edge_url
        self.failed: dict[str, str] = {}  # "kind:key" → why; those parts stay as they were
        self._loaded: dict[Name, _Loaded] = {}
        self._sets: dict[str, frozenset[str]] = {}

    def missing(self, manifest: Manifest) -> set[str]:
        """The hashes whose bytes `assemble` will ask for: what is neither loaded nor known as a set."""
        have = {loaded.sha for loaded in self._loaded.values()} | self._sets.keys()
        return wanted(manifest) - have

    def assemble(
        self, version: int, manifest: Manifest, freshness: Mapping[str, Any] | None, read: Callable[[str], bytes]
    ) -> HostAppSnapshot:
        """The snapshot of `manifest`. `read(sha256)` gives the bytes of a part or a set, or raises CannotAssemble."""
        work = _Work(self, manifest, read)
        for name in manifest:
            work.load(_split(name))
        app = work.done.get(("app", ""))
        if app is None or not isinstance(app.value, AppPart):
            raise CannotAssemble(f"host app {self.host_app_id} version {version} has no usable part “app”")
        self._loaded = {name: loaded for name, loaded in work.done.items() if loaded is not None}
        named = {sha for entry in manifest.values() for sha in entry.get("sets", ())}
        self._sets = {sha: members for sha, members in self._sets.items() if sha in named}
        self.failed = work.failed
        return self._snapshot(version, app.value, freshness)

    def _snapshot(self, version: int, app: AppPart, freshness: Mapping[str, Any] | None) -> HostAppSnapshot:
        parts: dict[str, dict[str, Any]] = {}
        blobs: set[str] = set()
        named: dict[str, str] = {}
        for (kind, key), loaded in self._loaded.items():
            parts.setdefault(kind, {})[key] = loaded.value
            blobs |= loaded.blobs
            named |= loaded.named
        return HostAppSnapshot(
            host_app_id=self.host_app_id,
            version=version,
            app=app,
            parts=MappingProxyType(parts),
            blobs=frozenset(blobs),
            named=MappingProxyType(named),
            freshness=freshness,
        )


class _Work:
    """One run over one manifest: loads on demand, each part once, and notices who used whom."""

    def __init__(self, owner: Assembler, manifest: Manifest, read: Callable[[str], bytes]) -> None:
        self.owner = owner
        self.manifest = manifest
        self.read = read
        self.done: dict[Name, _Loaded | None] = {}
        self.failed: dict[str, str] = {}

    def load(self, name: Name) -> _Loaded | None:
        if name in self.done:
            return self.done[name]
        kind, key = name
        entry = self.manifest.get(f"{kind}:{key}")
        load = registry.loader(kind)
        if entry is None or load is None:
            self.done[name] = None
            return None
        old = self.owner._loaded.get(name)
        self.done[name] = old  # what a circle of parts would see
        if old is None or old.sha != entry["sha"] or any(self.load(use) is not was for use, was in old.used.items()):
            self.done[name] = self._load(name, entry, load, old)
        return self.done[name]

    def _load(self, name: Name, entry: Mapping[str, Any], load: registry.Loader, old: _Loaded | None) -> _Loaded | None:
        kind, key = name
        loaded = _Loaded(entry["sha"], None)
        sources = _PartSources(self, loaded, frozenset(entry.get("sets", ())))
        body = self.read(entry["sha"])
        try:
            loaded.value = load(key, msgspec.json.decode(body), sources)
        except CannotAssemble:
            raise
        except Exception as wrong:  # one part that cannot be read must not hold up all later publishes
            log.exception("part %s:%s (%s) cannot be loaded; the one before stays", kind, key, entry["sha"])
            self.failed[f"{kind}:{key}"] = repr(wrong)[:200]
            return old
        time.sleep(0)
        return loaded

    def set(self, sha256: str) -> frozenset[str]:
        members = self.owner._sets.get(sha256)
        if members is None:
            members = sets.decode(self.read(sha256))
            self.owner._sets[sha256] = members
        return members


class _PartSources:
    """What one loader sees; everything it asks for is written down in its part."""

    def __init__(self, work: _Work, loaded: _Loaded, sets: frozenset[str]) -> None:
        self._work = work
        self._loaded = loaded
        self._sets = sets
        self.edge_url = work.owner.edge_url

    def set(self, sha256: str) -> Collection[str] | None:
        return self._work.set(sha256) if sha256 in self._sets else None

    def part(self, kind: str, key: str = "") -> Any:
        used = self._loaded.used[(kind, key)] = self._work.load((kind, key))
        return None if used is None else used.value

    def serves(self, sha256: str) -> None:
        self._loaded.blobs.add(sha256)

    def serves_as(self, name: str, sha256: str) -> None:
        self._loaded.named[name] = sha256


def _split(name: str) -> Name:
    kind, _, key = name.partition(":")
    return kind, key
