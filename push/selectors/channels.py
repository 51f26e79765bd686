"""Which channels a host app has, and how many devices each of them reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from ferry.kernel.identity.models import HostApp
from push.models import Address, Channel, ChannelSetting, Message


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel of a host app, without its secret."""

    channel: str
    ready: bool  # an account is set; the own channel needs none
    settings: Mapping[str, str]
    tokens: int  # of devices, alive; the own channel needs none
    problem: str = ""  # what it last complained about, whether or not that is mended since
    problem_at: datetime | None = None  # when the message was made that it was about


def channels(host_app: HostApp) -> list[ChannelState]:
    """All channels that this version knows."""
    settings = ChannelSetting.objects.of(host_app.workspace).filter(host_app_id=host_app.pk)
    accounts = {row.channel: row for row in settings}
    living = Address.objects.of(host_app.workspace).filter(host_app_id=host_app.pk, dead_at=None)
    tokens = dict(living.values_list("channel").annotate(Count("pk")))
    # The own channel has nothing to complain about, so a message's problem is always the vendor's.
    complaints = Message.objects.of(host_app.workspace).filter(host_app_id=host_app.pk).exclude(problem="")
    last = complaints.only("problem", "created_at").order_by("-id").first()
    return [
        ChannelState(
            channel=channel,
            ready=channel == Channel.OWN or channel in accounts,
            settings=accounts[channel].settings if channel in accounts else {},
            tokens=tokens.get(channel, 0),
            problem=last.problem if last and channel != Channel.OWN else "",
            problem_at=last.created_at if last and channel != Channel.OWN else None,
        )
        for channel in Channel.values
    ]
