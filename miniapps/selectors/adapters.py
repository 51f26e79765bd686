"""The addresses and keys that a developer puts into a host which speaks another protocol than Ferry's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from miniapps.adapters.codepush import Deployment

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp
    from miniapps.models import MiniProgram


@dataclass(frozen=True, slots=True)
class PlatformAddresses:
    """What differs from platform to platform."""

    platform: str
    codepush_key: str
    dimina_manifest: str  # the host app's own code puts the device's id and its version into the braces


@dataclass(frozen=True, slots=True)
class HostAddresses:
    """One mini-program on one host app, for CodePush clients and Dimina hosts. Nothing in it is a secret."""

    host_app: str
    codepush_server: str
    platforms: tuple[PlatformAddresses, ...]


def host_addresses(host_app: HostApp, program: MiniProgram) -> HostAddresses:
    """They follow from the app key and the program's id, so there are some before anything is released."""
    edge: str = settings.FERRY_EDGE_URL
    manifest = f"{edge}/dimina/{program.program_id}/manifest?app_key={host_app.app_key}"
    platforms = tuple(
        PlatformAddresses(
            platform,
            str(Deployment(host_app.app_key, platform, program.program_id)),
            f"{manifest}&platform={platform}&version={{host_version}}&did={{device_id}}",
        )
        for platform in host_app.platforms
    )
    return HostAddresses(host_app.pk, f"{edge}/", platforms)
