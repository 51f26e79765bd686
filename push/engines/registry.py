"""The channels by name."""

from __future__ import annotations

from push.engines.base import Engine

_engines: dict[str, Engine] = {}


def register(channel: str, engine: Engine) -> None:
    """Let `engine` carry what goes by this channel; the last one registered counts."""
    _engines[channel] = engine


def engine(channel: str) -> Engine:
    """The channel's engine. Raises KeyError for a name that nobody has registered."""
    return _engines[channel]
