"""`GET /healthz`: whether this process can answer, from which state, and how old that is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from falcon.asgi import Request, Response

from ferry.edge import answers

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

STALE_AFTER_S = 10.0


class Health:
    """200 while there is a state to answer from, be it old; 503 before the first one."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_get(self, req: Request, resp: Response) -> None:
        """For load balancers and the supervisor."""
        snapshots = self._edge.snapshots
        age = max(0.0, time.time() - snapshots.checked_at) if snapshots.checked_at else None
        stale = age is None or age > STALE_AFTER_S or bool(snapshots.failed_parts)
        resp.status = 200 if snapshots.ready else 503
        if not snapshots.ready:
            resp.set_header("retry-after", "1")
        resp.set_header("cache-control", "no-store")
        resp.content_type = "application/json"
        resp.data = answers.encode(
            {
                "status": ("stale" if stale else "ok") if snapshots.ready else "starting",
                "process": self._edge.settings.process_id,
                "snapshot": {
                    "source": snapshots.source,
                    "age_s": None if age is None else round(age, 1),
                    "error": snapshots.error,
                    "failed_parts": len(snapshots.failed_parts),
                    "versions": {str(each.app.number): each.version for each in snapshots.all()},
                },
            }
        )

    on_head = on_get
