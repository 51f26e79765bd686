"""What others get to see of a device: plain values, never a table row.

Pure: no Django.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
