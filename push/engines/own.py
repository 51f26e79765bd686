"""The own channel: a copy goes into the device's inbox, in the transaction that says so in the ledger.

So it is exactly once up to the inbox; edges carry it on from there, at least once (push.stream).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from push.engines.base import Outcome, Outgoing
from push.inbox.writing import Envelope, append


class OwnChannel:
    """Engine "own"."""

    transactional = True

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Always ok: whether the device is connected is nobody's concern here."""
        append([_envelope(item) for item in batch])
        return [Outcome(item.delivery_id, "ok") for item in batch]


def _envelope(item: Outgoing) -> Envelope:
    own = {name: value for name, value in item.data.items() if name not in ("message", "link")}
    message = item.data.get("message", item.collapse)
    return Envelope(
        workspace_id=item.workspace_id,
        host_app_id=item.host_app_id,
        device_id=item.device_id,
        user=item.user,
        message_id=message,
        payload={
            "id": item.delivery_id,
            "message": message,
            "title": item.title,
            "body": item.body,
            "link": item.data.get("link", ""),
            "data": own,
            "sent_at": time.time_ns() // 1_000_000,
            "expires_at": int(item.expires_at.timestamp() * 1000),
        },
        expires_at=item.expires_at,
    )
