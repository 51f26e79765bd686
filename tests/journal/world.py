"""A small world around the loader: edges that have written segments, and a host app they wrote for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from ferry.journal import folder
from ferry.journal.arrivals import Arrivals
from ferry.journal.compaction import Compactor
from ferry.journal.disk import make_folder
from ferry.journal.frames import framer
from ferry.journal.lake import Lake
from ferry.journal.loader import Loader
from ferry.journal.management.commands.run_loader import LEASE
from ferry.kernel import ids, storage
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.models import HostApp
from ferry.kernel.jobs import services as jobs

NOON = 1_790_000_000_000  # ms since the epoch
DAY: date = datetime.fromtimestamp(NOON / 1000, UTC).date()
HOUR = 3_600_000


class Edge:
    """An edge process that wrote segments and is dead, unless it is `alive`."""

    def __init__(self, root: Path, process: str = "1") -> None:
        self.root, self.process, self.boot = root, process, ids.new()
        self.number = 1
        make_folder(root / process)

    @property
    def path(self) -> Path:
        return folder.path_of(self.root, self.name)

    @property
    def name(self) -> str:
        return folder.name_of(self.process, self.boot, self.number)

    def write(self, kind: str, payload: bytes) -> None:
        with self.path.open("ab") as segment:
            segment.write(framer(self.name, kind)(payload))

    def report(self, kind: str, **payload: Any) -> None:
        self.write(kind, json.dumps(payload, ensure_ascii=False).encode())

    def tear(self, data: bytes) -> None:
        with self.path.open("ab") as segment:
            segment.write(data)

    def rotate(self) -> None:
        self.number += 1
        self.path.touch()

    def live(self) -> int:
        return folder.lock(self.root / self.process, self.boot)


class World:
    """One workspace, one host app, its edges and a loader."""

    def __init__(self, *, consent: str = "handled_by_app", name: str = "Harbour") -> None:
        self.workspace = identity.create_workspace(name=name)
        self.actor = system(self.workspace)
        self.app: HostApp = identity.create_host_app(actor=self.actor, name="Super", consent=consent)
        self.journal = Path(settings.FERRY_JOURNAL_DIR)
        self.parquet = Path(settings.FERRY_PARQUET_DIR)
        self._seq = 0

    def edge(self, process: str = "1") -> Edge:
        return Edge(self.journal, process)

    def loader(self, *, crash_at: Callable[[str], None] = lambda point: None, **options: Any) -> Loader:
        lease = jobs.acquire(LEASE, 60)
        assert lease is not None, "somebody else holds the lease"
        files = storage.handed_over()
        return Loader(
            journal=self.journal,
            parquet=self.parquet,
            lease=lease,
            arrivals=None if files is None else Arrivals(files, list_seconds=0),
            crash_at=crash_at,
            **options,
        )

    def load(self, **options: Any) -> None:
        """Everything there is, by a loader of its own that lets the lease go afterwards."""
        loader = self.loader(**options)
        loader.sweep()
        while loader.step():
            pass
        loader.lease.release()

    def compact(self, **options: Any) -> int:
        """Merge what is worth it until nothing is; how many merges that took."""
        lease = jobs.acquire(LEASE, 60)
        assert lease is not None, "somebody else holds the lease"
        merges = 0
        while Compactor(Lake(self.parquet), lease, **options).turn(busy=False):
            merges += 1
        lease.release()
        return merges

    def stamp(self, at: int | None = None) -> dict[str, Any]:
        self._seq += 1
        return {"host_app": self.app.id, "at": NOON + self._seq if at is None else at, "seq": self._seq}

    def device(self, device: str, *, at: int | None = None, message_id: str = "", **more: Any) -> dict[str, Any]:
        base = {"device": device, "message_id": message_id or ids.new(), "platform": "android", "host_version": "6.0.0"}
        return {**self.stamp(at), **base, **more}

    def checkin(self, device: str, *, at: int | None = None, **more: Any) -> dict[str, Any]:
        return {**self.stamp(at), "device": device, "platform": "android", "host_version": "6.0.0", **more}

    def bind(self, device: str, user: str, *, at: int | None = None, message_id: str = "") -> dict[str, Any]:
        base = {"device": device, "message_id": message_id or ids.new(), "user": user, "by": "user_token"}
        return {**self.stamp(at), **base}
