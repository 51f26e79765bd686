"""What became of a message: targeted → eligible → sent → accepted → arrived → opened, with a reason for every drop."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, F, Sum

from push.models import Campaign, Delivery, Message, Shard
from push.rules.ledger import NOT_ELIGIBLE, Reason, State

_TAKEN = (State.ACCEPTED, State.ARRIVED, State.OPENED)


@dataclass(frozen=True, slots=True)
class Funnel:
    """Devices. Each stage counts those that came at least so far; `drops` says of the others where and why."""

    targeted: int = 0
    eligible: int = 0  # may be sent it: verified, with consent and address; the held-out are among them
    held_out: int = 0
    sent: int = 0  # given to a channel
    accepted: int = 0
    arrived: int = 0
    opened: int = 0
    waiting: int = 0
    in_doubt: int = 0  # given to a channel that has not answered
    not_reached: int = 0  # devices of the frozen ranges that no worker has looked at (yet, or because of a stop)
    drops: dict[str, int] = field(default_factory=dict)  # reason → devices
    finished: bool = False


def message_funnel(message: Message) -> Funnel:
    """The funnel of one message."""
    return _funnel([message])


def campaign_funnel(campaign: Campaign) -> Funnel:
    """The funnel of a campaign's runs; test sends are no part of it."""
    rows = Message.objects.of(campaign.workspace).filter(campaign_id=campaign.pk, kind=Message.Kind.MARKETING)
    return _funnel(list(rows))


def _funnel(messages: list[Message]) -> Funnel:
    if not messages:
        return Funnel()
    workspace = messages[0].workspace
    rows = Delivery.objects.of(workspace).filter(message__in=messages)
    counts: Counter[tuple[str, str]] = Counter()
    given = 0
    for state, reason, devices, tried in rows.values_list("state", "reason").annotate(
        devices=Count("pk"), tried=Count("sent_at")
    ):
        counts[state, reason] += devices
        given += tried
    total = sum(counts.values())
    shut_out = sum(counts[State.DROPPED, reason] for reason in NOT_ELIGIBLE)
    drops = {
        str(reason): devices
        for (state, reason), devices in sorted(counts.items())
        if state in (State.DROPPED, State.FAILED) and reason
    }
    left = (
        Shard.objects.of(workspace)
        .filter(message__in=messages, ranged=True, exhausted=False)
        .aggregate(left=Sum(F("size") - F("examined")))["left"]
    )
    by_state: Counter[str] = Counter()
    for (state, _reason), devices in counts.items():
        by_state[state] += devices
    return Funnel(
        targeted=total,
        eligible=total - shut_out,
        held_out=counts[State.DROPPED, Reason.HELD_OUT],
        sent=given,
        accepted=sum(by_state[state] for state in _TAKEN),
        arrived=by_state[State.ARRIVED] + by_state[State.OPENED],
        opened=by_state[State.OPENED],
        waiting=by_state[State.WAITING],
        in_doubt=by_state[State.SENDING],
        not_reached=max(0, left or 0),
        drops=drops,
        finished=all(message.finished_at is not None for message in messages),
    )
