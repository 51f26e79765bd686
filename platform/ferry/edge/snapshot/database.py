"""Published state as the database has it: what SnapshotClient asks in the running platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import close_old_connections, connections

from ferry.kernel.publishing import selectors


class DatabaseSource:
    """Asks ferry.kernel.publishing in the snapshot thread; a broken connection is dropped before the next question."""

    def versions(self) -> Iterable[tuple[str, int, Any]]:
        close_old_connections()
        try:
            return selectors.versions()
        except Exception:
            connections.close_all()
            raise

    def manifest(self, host_app_id: str) -> tuple[int, Mapping[str, Any], Mapping[str, Any] | None]:
        return selectors.manifest(host_app_id)

    def parts(self, shas: Iterable[str]) -> Mapping[str, bytes]:
        return selectors.parts(shas)
