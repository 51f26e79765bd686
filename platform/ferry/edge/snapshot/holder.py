"""What requests read: all host apps of the moment behind one reference, and how old that is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ferry.edge.snapshot.hostapp import HostAppSnapshot

KEEP_BLOBS_S = 600.0  # a download begun before a publish may end; other edges may be a second behind
_MAX_WAITERS = 256


@dataclass(frozen=True, slots=True)
class _State:
    by_key: Mapping[bytes, HostAppSnapshot]
    by_id: Mapping[str, HostAppSnapshot]
    origins: frozenset[bytes]
    blobs: frozenset[str]
    named: Mapping[str, str]
    public_keys: Mapping[str, Any]


_EMPTY = _State({}, {}, frozenset(), frozenset(), {}, {})


class Snapshots:
    """Swapped by the snapshot thread, read by the event loop; reading takes no lock."""

    def __init__(self) -> None:
        self.source = "nothing"  # then "disk" or "database"
        self.checked_at = 0.0  # epoch seconds when this state was last known to be the published one
        self.error = ""  # why the last poll failed, empty when it did not
        self.failed_parts: Mapping[str, str] = {}
        self._state = _EMPTY
        self._former: dict[str, float] = {}  # blobs no longer named → until when they are still served
        self._former_names: dict[str, tuple[str, float]] = {}  # the same for what is served under a name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def ready(self) -> bool:
        """Whether there is any state to answer from, be it an old one."""
        return self.source != "nothing"

    def find(self, app_key: bytes) -> HostAppSnapshot | None:
        """The active host app with this public key."""
        return self._state.by_key.get(app_key)

    def all(self) -> Iterable[HostAppSnapshot]:
        """Every host app, inactive ones too."""
        return self._state.by_id.values()

    def by_id(self, host_app_id: str) -> HostAppSnapshot | None:
        """The host app with this id, also when it is inactive."""
        return self._state.by_id.get(host_app_id)

    def public_key(self, kid: str) -> Any:
        """A loaded public key by its kid, or None."""
        return self._state.public_keys.get(kid)

    def allows_origin(self, origin: bytes) -> bool:
        """Whether any host app names this origin: for answers that belong to no single app."""
        return origin in self._state.origins

    def serves(self, sha256: str) -> bool:
        """Whether a snapshot names this blob, or did until a few minutes ago."""
        return sha256 in self._state.blobs or self._former.get(sha256, 0.0) > time.monotonic()

    def named(self, name: str) -> str | None:
        """The hash of the blob that is served under this name (edge.packages), or was until a few minutes ago."""
        sha256 = self._state.named.get(name)
        if sha256 is None and name in self._former_names:
            former, until = self._former_names[name]
            return former if until > time.monotonic() else None
        return sha256

    def swap(self, apps: Mapping[str, HostAppSnapshot]) -> None:
        """Make `apps` (by id) what requests see from now on. Called by the snapshot thread only."""
        active = [snapshot for snapshot in apps.values() if snapshot.app.active]
        state = _State(
            by_key={snapshot.app.app_key.encode(): snapshot for snapshot in active},
            by_id=dict(apps),
            origins=frozenset(origin for snapshot in active for origin in snapshot.app.cors_origins),
            blobs=frozenset(sha for snapshot in active for sha in snapshot.blobs),
            named={name: sha for snapshot in active for name, sha in snapshot.named.items()},
            public_keys={
                kid: key for snapshot in apps.values() for kid, key in snapshot.part("keys").get("", {}).items()
            },
        )
        now = time.monotonic()
        former = {sha: until for sha, until in self._former.items() if until > now and sha not in state.blobs}
        former |= dict.fromkeys(self._state.blobs - state.blobs, now + KEEP_BLOBS_S)
        names = {name: kept for name, kept in self._former_names.items() if kept[1] > now and name not in state.named}
        names |= {name: (sha, now + KEEP_BLOBS_S) for name, sha in self._state.named.items() if name not in state.named}
        self._former_names = names
        self._former = former
        self._state = state

    def polled(self) -> None:
        """A poll has ended, well or not: wake whoever waits for fresher knowledge."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # closed between the question and the call
                return

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """The event loop whose requests may wait for a poll."""
        self._loop = loop

    async def next_poll(self, timeout: float) -> None:
        """Return once a poll has ended, or after `timeout` seconds. Returns at once when too many wait already."""
        if self._loop is None or len(self._waiters) >= _MAX_WAITERS:
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
