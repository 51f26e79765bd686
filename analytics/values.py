"""What others get to see of a device: plain values, never a table row.

Pure: no Django.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ferry.kernel.targeting import Context

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """A device as it was last seen, in the words in which rules are written."""

    device_id: str
    user: str = ""  # the bound user when there is one, else the one that the device claims
    user_verified: bool = False
    platform: str = ""
    os: str = ""
    model: str = ""
    host_version: str = ""
    network: str = ""
    locale: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    installed: Mapping[str, int] = field(default_factory=dict)  # program id -> version code
    releases: Mapping[str, str] = field(default_factory=dict)  # program id -> the release that it has it by, if one
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    registered: bool = False  # it asked for a device token, so its id is Ferry's own

    def properties(self) -> dict[str, str]:
        """The context properties that targeting rules name, without the identifiers.

        What the device says of itself in attributes never replaces what it reported under a name of Ferry's own.
        """
        own = {
            "platform": self.platform,
            "os": self.os,
            "model": self.model,
            "host_version": self.host_version,
            "network": self.network,
            "locale": self.locale,
        }
        return {**self.attributes, **own}

    def on(self, host_app: HostApp, *, now: float, invitations: Collection[str] = frozenset()) -> Context:
        """The device in the form in which the edge would see it: for the targeting engine.

        `now`: epoch seconds. `invitations` count for a registered device only.
        """
        return Context(
            now=now,
            device_id=self.device_id,
            user_id=self.user,
            verified_device=self.registered,
            verified_user=self.user_verified,
            invitations=invitations if self.registered else frozenset(),
            properties={**self.properties(), "appName": host_app.name, "environment": host_app.environment},
        )


@dataclass(frozen=True, slots=True)
class Exposure:
    """How many devices a check-in has shown one version of a program to, under one release."""

    program_id: str
    release_id: str
    version_code: int
    devices: int
    checkins: int


@dataclass(frozen=True, slots=True)
class Exposed:
    """A device that a release was shown to in its check-ins."""

    device: DeviceContext
    first_at: datetime
    last_at: datetime
    has_it: bool  # had the release's version installed, by this release, when it checked in last


@dataclass(frozen=True, slots=True)
class ExposedDevices:
    """The devices of a release, the last comers first. `total` counts those that are not listed too."""

    listed: tuple[Exposed, ...]
    total: int
