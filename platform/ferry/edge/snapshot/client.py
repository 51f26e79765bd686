"""Keeps the snapshots current: asks the database once a second, and at once when Redis hints.

The database is the truth and the hint only saves waiting. When the database is away the last good state stays, in
memory and on disk, and /healthz says how old it is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ferry.edge.snapshot.assemble import Assembler, CannotAssemble, wanted
from ferry.edge.snapshot.disk import DiskCopy, SavedApp
from ferry.edge.snapshot.holder import Snapshots
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.kernel.publishing import sets

log = logging.getLogger(__name__)

POLL_S = 1.0


class Source(Protocol):
    """Where published state comes from: ferry.kernel.publishing.selectors, or a test's own."""

    def versions(self) -> Iterable[tuple[str, int, Any]]:
        """(host app id, version, freshness stamp) of every host app."""

    def manifest(self, host_app_id: str) -> tuple[int, Mapping[str, Any], Mapping[str, Any] | None]:
        """Version, manifest and freshness statement of one host app, read together."""

    def parts(self, shas: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of parts and sets by hash; unknown ones are left out."""


class SnapshotClient:
    """One thread for each edge process."""

    def __init__(
        self, *, snapshots: Snapshots, source: Source, disk: DiskCopy, edge_url: str, interval: float = POLL_S
    ) -> None:
        self.snapshots = snapshots
        self.source = source
        self.disk = disk
        self.edge_url = edge_url
        self.interval = interval
        self._held: dict[str, tuple[int, Any, SavedApp]] = {}  # host app id → version, freshness stamp, as saved
        self._loaded: dict[str, HostAppSnapshot] = {}
        self._assemblers: dict[str, Assembler] = {}
        self._unseen = False  # something in _loaded is newer than what requests see
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Load what the disk has, ask the database once, then go on asking in a thread."""
        self.load_disk()
        self.poll()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it is done or after two seconds."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2)

    def hint(self) -> None:
        """Something was published: ask now."""
        self._wake.set()

    def load_disk(self) -> None:
        """Take over the last good state of an earlier run."""
        for saved in self.disk.apps():
            try:
                snapshot = self._assembler(saved.host_app_id).assemble(
                    saved.version, saved.manifest, saved.freshness, self._from_disk
                )
            except Exception:
                log.exception("the saved state of host app %s cannot be used", saved.host_app_id)
                self._assemblers.pop(saved.host_app_id, None)
                continue
            self._loaded[saved.host_app_id] = snapshot
            self._held[saved.host_app_id] = (saved.version, None, saved)
        if self._loaded:
            self.snapshots.swap(self._loaded)
            self.snapshots.source = "disk"
            self.snapshots.checked_at = self.disk.seen_at()

    def poll(self) -> bool:
        """Ask once. False when the database could not be asked or something published could not be read."""
        try:
            complete = self._poll()
        except Exception as wrong:
            if not self.snapshots.error:
                log.warning("published state cannot be read, going on with what is here: %r", wrong)
            self.snapshots.error = type(wrong).__name__
            complete = False
        self.snapshots.polled()
        return complete

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self.interval)
            self._wake.clear()
            if not self._stop.is_set():
                self.poll()

    def _poll(self) -> bool:
        rows = {host_app_id: (version, stamp) for host_app_id, version, stamp in self.source.versions()}
        problem = ""
        self._forget(rows.keys())
        for host_app_id, (version, stamp) in rows.items():
            held = self._held.get(host_app_id)
            if held is not None and held[:2] == (version, stamp):
                continue
            try:
                self._take(host_app_id, stamp)
            except CannotAssemble as wrong:
                problem = str(wrong)
        changed, self._unseen = self._unseen, False
        if changed or self.snapshots.source != "database":
            self.snapshots.swap(dict(self._loaded))
            self.snapshots.failed_parts = {
                f"{key}/{part}": why for key, each in self._assemblers.items() for part, why in each.failed.items()
            }
        self.snapshots.source = "database"
        if problem != self.snapshots.error:
            self.snapshots.error = problem
            if problem:
                log.warning("kept an older version: %s", problem)
        if problem:
            return False
        self.snapshots.checked_at = time.time()
        if changed:
            self._tidy()
        self._on_disk(self.disk.mark_seen)
        return True

    def _take(self, host_app_id: str, stamp: Any) -> None:
        """Bring one host app to the version that is published now."""
        version, manifest, freshness = self.source.manifest(host_app_id)
        loaded, held = self._loaded.get(host_app_id), self._held.get(host_app_id)
        saved = SavedApp(
            host_app_id, version, {name: dict(entry) for name, entry in manifest.items()}, _plain(freshness)
        )
        bodies: dict[str, bytes] = {}
        if loaded is not None and held is not None and held[2].manifest == saved.manifest and held[0] == version:
            self._loaded[host_app_id] = loaded.with_freshness(freshness)
        else:
            assembler = self._assembler(host_app_id)
            bodies.update(self._fetch(assembler.missing(manifest)))
            self._loaded[host_app_id] = assembler.assemble(version, manifest, freshness, _reader(bodies, self))
        self._held[host_app_id] = (version, stamp, saved)
        self._unseen = True  # also when the poll fails further on: the next one shows it
        self._on_disk(lambda: self._save(saved, bodies))

    def _save(self, saved: SavedApp, bodies: Mapping[str, bytes]) -> None:
        absent = {sha for sha in wanted(saved.manifest) if not self.disk.has(sha)}
        more = self._fetch(absent - bodies.keys())
        self.disk.save(saved, {sha: bodies[sha] if sha in bodies else more[sha] for sha in absent})

    def _fetch(self, shas: set[str]) -> dict[str, bytes]:
        found = dict(self.source.parts(sorted(shas))) if shas else {}
        found = {sha: body for sha, body in found.items() if sets.address(body) == sha}
        if shas - found.keys():
            raise CannotAssemble(
                f"{len(shas - found.keys())} published parts have no bytes, e.g. {min(shas - found.keys())}"
            )
        return found

    def fetch_one(self, sha: str) -> bytes:
        """A part that was thought to be loaded already."""
        return self._fetch({sha})[sha]

    def _from_disk(self, sha: str) -> bytes:
        body = self.disk.read(sha)
        if body is None:
            raise CannotAssemble(f"part {sha} is not on disk")
        return body

    def _forget(self, existing: Iterable[str]) -> None:
        gone = self._loaded.keys() - set(existing)
        for host_app_id in gone:
            del self._loaded[host_app_id], self._held[host_app_id]
            self._assemblers.pop(host_app_id, None)
            self._unseen = True

    def _tidy(self) -> None:
        self._on_disk(lambda: self.disk.keep_only(saved for _, _, saved in self._held.values()))

    def _on_disk(self, act: Any) -> None:
        """A full or broken disk costs the safety net, never the answers."""
        try:
            act()
        except (OSError, CannotAssemble):
            log.exception("the last good state cannot be saved")

    def _assembler(self, host_app_id: str) -> Assembler:
        return self._assemblers.setdefault(host_app_id, Assembler(host_app_id, self.edge_url))


def _reader(bodies: Mapping[str, bytes], client: SnapshotClient) -> Any:
    def read(sha: str) -> bytes:
        return bodies[sha] if sha in bodies else client.fetch_one(sha)

    return read


def _plain(freshness: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if freshness is None else dict(freshness)
