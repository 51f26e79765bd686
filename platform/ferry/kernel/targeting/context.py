"""What is known about whoever asks: one Context per request, built by the door and never changed.

Values come from outside and may be anything, so everything that a rule reads passes through `text`, identities once
when the Context is made and properties when a rule reads them: what is not a plain value counts as missing, and no
rule ever raises because of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from ferry.kernel.targeting.bucketing import encoded
from ferry.kernel.targeting.versions import UNPLACED, Key, version_key

Read = Callable[["Context"], str]


@dataclass(slots=True, kw_only=True)
class Context:
    """One device, at one moment, as the rules see it. `dataclasses.replace` makes another one; assigning would leave
    what is read once as it was.

    `user_id` may be only claimed: a claim is good enough to keep a bucket stable, never to pass a constraint, a
    segment or an allowlist. That takes `verified_user` (and `verified_device` for the device id).
    """

    now: float
    """Seconds since the Unix epoch."""
    device_id: str = ""
    user_id: str = ""
    verified_device: bool = False
    verified_user: bool = False
    session_id: str = ""
    remote_address: str = ""
    invitations: Collection[str] = frozenset()
    """sha256 of each invitation that the device has shown: what a trial by link or QR asks for."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """platform, os, model, host_version, network, locale, appName, environment and the host app's attributes."""
    draw: float = field(default_factory=random.random)
    """What `random` stickiness stands on: drawn once, so that one request gets one answer and one explanation."""
    platform: str = field(init=False)
    host_place: Key = field(init=False)
    """Platform and place of the host app's version, read once: every release asks for them."""
    known: tuple[str, str] = field(init=False)
    """Device and user as far as they are verified, else "": what a list is asked for."""
    drawn: tuple[bytes, bytes] = field(init=False)
    """Device and user, claimed ones too, as a rollout's bucket is drawn from them."""

    def __post_init__(self) -> None:
        device = self.device_id = text(self.device_id)
        user = self.user_id = text(self.user_id)
        self.session_id = text(self.session_id)
        self.remote_address = text(self.remote_address)
        self.platform = text(self.properties.get("platform"))
        self.host_place = version_key(text(self.properties.get("host_version"))) or UNPLACED
        self.known = (device if self.verified_device else "", user if self.verified_user else "")
        self.drawn = (encoded(device), encoded(user))


def text(value: object) -> str:
    """The value as rules compare it; "" for everything that is missing or not a plain value."""
    if type(value) is str or isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))  # JSON does not tell 12 from 12.0, so neither do we
    if isinstance(value, int | float) and abs(value) < 1e300:  # past this str() may refuse, and NaN is no value
        return str(value)
    return ""


def identity(name: str) -> Read:
    """Reads what a bucket is drawn from; a claimed user or device is good enough here."""
    return _IDENTITIES.get(name) or _property(name)


def value_of(name: str) -> Read:
    """Reads what a constraint compares; user and device count only when verified (docs/decisions/0301)."""
    return _VERIFIED.get(name) or identity(name)


def claimed(name: str, context: Context) -> bool:
    """Whether `name` was sent but does not count in a constraint, because nobody has verified it."""
    return name in ("deviceId", "userId") and bool(identity(name)(context)) and not value_of(name)(context)


def _property(name: str) -> Read:
    def read(context: Context) -> str:
        value = context.properties.get(name)
        return value if type(value) is str else text(value)

    return read


def _default(context: Context) -> str:
    """Unleash: user, else session, else random. A device id, which Unleash does not know, goes before random."""
    return context.user_id or context.session_id or context.device_id or _random(context)


def _random(context: Context) -> str:
    return repr(context.draw)


_IDENTITIES: dict[str, Read] = {
    "deviceId": attrgetter("device_id"),
    "userId": attrgetter("user_id"),
    "sessionId": attrgetter("session_id"),
    "remoteAddress": attrgetter("remote_address"),
    "default": _default,
    "random": _random,
}
_VERIFIED: dict[str, Read] = {
    "deviceId": lambda context: context.device_id if context.verified_device else "",
    "userId": lambda context: context.user_id if context.verified_user else "",
    "default": _property("default"),  # these two are ways to draw a bucket, not fields: a property may bear the name
    "random": _property("random"),
}
