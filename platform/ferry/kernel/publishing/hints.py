"""Tells edges over Redis that there is something new, where Redis is configured. A hint only: edges poll anyway."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    import redis

log = logging.getLogger(__name__)

CHANNEL = "ferry:published"
_PATIENCE = 0.5  # seconds; a publish has happened when the hint is sent, and nobody shall wait for a dead Redis


def send(host_app_id: str, version: int) -> None:
    """Say that this host app has a new version. Losing the hint costs at most the second until the next poll."""
    say(CHANNEL, json.dumps({"host_app": host_app_id, "version": version}))


def say(channel: str, words: str) -> None:
    """Say something on a channel of Redis, if one is configured. Whoever misses it finds out by asking."""
    if not settings.FERRY_REDIS_URL:
        return
    import redis  # here, because 17 MB in every process is much for a client that most installations never configure

    try:
        _client(settings.FERRY_REDIS_URL).publish(channel, words)
    except redis.RedisError as error:
        log.warning("no hint on %s: %s", channel, error)


@lru_cache(maxsize=2)
def _client(url: str) -> redis.Redis:
    import redis

    client: redis.Redis = redis.Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
    return client
