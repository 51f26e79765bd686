"""GET /v1/sync: the same entries for hosts that cannot hold a stream; as often as they like to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from falcon.asgi import Request, Response

from ferry.edge import answers
from push.stream import wire
from push.stream.replay import Replay

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

NEXT_S = 60  # for a device that has nothing waiting


class Sync:
    """What waits behind a cursor, and the next cursor."""

    def __init__(self, edge: EdgeApp, replay: Replay) -> None:
        self._edge = edge
        self._replay = replay

    async def on_get(self, req: Request, resp: Response) -> None:
        """Keep `cursor`, once its items are taken, and send it as `since`; `more` means: ask again now."""
        edge = self._edge
        snapshot, token = edge.from_device(req)
        since = wire.cursor(req.get_param("since") or "")
        waiting = await self._replay.waiting(snapshot.app, token.device_id, since)
        last = waiting.entries[-1].position if waiting.entries else since
        answers.give(
            resp,
            {
                "items": [
                    {"cursor": str(entry.position), "message": msgspec.Raw(entry.body)}
                    for entry in waiting.entries
                    if not entry.user or token.user in (None, entry.user)
                ],
                "cursor": str(last),
                "more": waiting.more,
                "next_sync_after": 0 if waiting.more else NEXT_S,
            },
        )
