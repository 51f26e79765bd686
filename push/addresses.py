"""Which channel reaches a device: the vendor that it has given a token of, else Ferry's own stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.audience import AudienceDevice
from ferry.kernel.identity.models import HostApp
from push.models import Address, Channel

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Reached:
    """How a device is reached."""

    channel: str
    token: str = ""  # the vendor's; the own channel goes by the device id


def reach(host_app: HostApp, devices: Iterable[AudienceDevice]) -> dict[str, Reached]:
    """Device id → channel. A device that no channel reaches is left out.

    A vendor goes first: it arrives while the app is closed. The own channel needs a device token, and nothing else.
    """
    given = list(devices)
    found = {device.device_id: Reached(Channel.OWN) for device in given if device.registered}
    for start in range(0, len(given), _CHUNK):
        ids = [device.device_id for device in given[start : start + _CHUNK]]
        rows = Address.objects.of(host_app.workspace).filter(
            host_app_id=host_app.pk, device_id__in=ids, dead_at=None, channel__in=Channel.values
        )
        for device_id, channel, token in rows.values_list("device_id", "channel", "token"):
            if channel != Channel.OWN:
                found[device_id] = Reached(channel, token)
    return found
