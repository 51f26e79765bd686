"""Which channels a host app has, and how many devices each of them reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from ferry.kernel.identity.models import HostApp
from push.models import Address, Channel, ChannelSetting


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel of a host app, without its secret."""

    channel: str
    ready: bool  # an account is set; the own channel needs none
    settings: Mapping[str, str]
    tokens: int  # of devices, alive; the own channel needs none


def channels(host_app: HostApp) -> list[ChannelState]:
    """All channels that this version knows."""
    rows = ChannelSetting.objects.of(host_app.workspace).filter(host_app_id=host_app.pk)
    accounts = {row.channel: row for row in rows}
    living = Address.objects.of(host_app.workspace).filter(host_app_id=host_app.pk, dead_at=None)
    tokens = dict(living.values_list("channel").annotate(Count("pk")))
    return [
        ChannelState(
            channel=channel,
            ready=channel == Channel.OWN or channel in accounts,
            settings=accounts[channel].settings if channel in accounts else {},
            tokens=tokens.get(channel, 0),
        )
        for channel in Channel.values
    ]
