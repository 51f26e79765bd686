"""One copy as APNs takes it: path, headers and JSON. Pure."""

from __future__ import annotations

import msgspec

from push.engines.base import Outgoing

MOST_BYTES = 4096
MOST_COLLAPSE_BYTES = 64
_PRIORITY = "10"


def body(copy: Outgoing) -> bytes:
    """The payload. What is ours lies under "ferry", so that no value of a message can reach into "aps"."""
    own = {name: value for name, value in copy.data.items() if name not in ("message", "link")}
    ferry = {"id": copy.delivery_id, "message": copy.data.get("message", ""), "link": copy.data.get("link", "")}
    return msgspec.json.encode(
        {
            "aps": {"alert": {"title": copy.title, "body": copy.body}, "sound": "default"},
            "ferry": {**ferry, "data": own},
        }
    )


def headers(copy: Outgoing, *, jwt: str, topic: str) -> list[str]:
    """The request's headers. The id is the same at every attempt."""
    return [
        f"authorization: bearer {jwt}",
        f"apns-id: {copy.delivery_id}",
        f"apns-topic: {topic}",
        "apns-push-type: alert",
        f"apns-priority: {_PRIORITY}",
        f"apns-expiration: {int(copy.expires_at.timestamp())}",
        f"apns-collapse-id: {copy.collapse.encode()[:MOST_COLLAPSE_BYTES].decode('utf-8', 'ignore')}",
        "content-type: application/json",
        "expect:",
    ]
