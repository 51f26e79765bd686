"""Shards in hand: claimed by one worker at a time, fenced by a token (rule 1).

Whoever writes about a shard does so in a transaction that begins with `fence`. A worker that was suspended, and whose
shard has passed to another, finds zero rows and stops.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from analytics.audience import Reader
from ferry.kernel import clock
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import HostApp
from ferry.kernel.jobs.errors import LeaseLost
from push.models import Campaign, Delivery, Message, PushSetting, Shard
from push.rules import quiet
from push.rules.campaigns import State as CampaignState
from push.rules.eligible import Terms
from push.rules.limits import LEASE_S

_LOOKED_AT = 8  # candidates: several workers that wake together take different ones


@dataclass(slots=True)
class Claim:
    """A shard in the hands of this worker, with what it needs for every step."""

    shard: Shard
    token: int
    message: Message
    host_app: HostApp
    terms: Terms
    reader: Reader | None
    values: dict[str, dict[str, str]] = field(default_factory=dict)  # user → values, of service messages

    def mine(self) -> QuerySet[Shard]:
        """The shard's row, as long as it is ours."""
        return Shard.objects.of(self.message.workspace).filter(pk=self.shard.pk, token=self.token)

    def fence(self, **changes: Any) -> None:
        """First statement of every transaction: renews the lease, writes `changes`, or raises LeaseLost."""
        until = clock.now() + timedelta(seconds=LEASE_S)
        if not self.mine().update(**{"leased_until": until, **changes}):
            raise LeaseLost(name=f"shard {self.shard.pk}")

    def holds(self) -> bool:
        """Whether it is still ours and its term runs: asked right before something leaves the house."""
        return self.mine().filter(state=Shard.State.LEASED, leased_until__gt=clock.now()).exists()

    def open_rows(self) -> QuerySet[Delivery]:
        """Ledger rows that this shard still has to finish."""
        return Delivery.objects.of(self.message.workspace).filter(shard_id=self.shard.pk)


def claimable(now: datetime) -> QuerySet[Shard]:
    """Shards that wait for a worker: ready ones whose time has come, and those whose worker has vanished.

    Marketing of a workspace that has paused it stays where it is.
    """
    ready = Q(state=Shard.State.READY, not_before__lte=now)
    orphaned = Q(state=Shard.State.LEASED, leased_until__lte=now)
    paused = PushSetting.objects.unscoped().filter(marketing_paused=True).values("workspace_id")
    return Shard.objects.unscoped().filter(ready | orphaned).exclude(urgent=False, workspace_id__in=paused)


def claim_next() -> Claim | None:
    """Take the next shard, service messages first; None when there is nothing to do."""
    now = clock.now()
    until = now + timedelta(seconds=LEASE_S)
    while True:
        found = list(claimable(now).order_by("-urgent", "not_before", "pk").values_list("pk", flat=True)[:_LOOKED_AT])
        if not found:
            return None
        for pk in found:
            taken = claimable(now).filter(pk=pk)
            if taken.update(state=Shard.State.LEASED, token=F("token") + 1, leased_until=until):
                return _claim(pk)


def halted(message: Message) -> str:
    """ "stopped" or "paused" when nothing more may be sent now, else "". Read before every batch."""
    if message.kind != Message.Kind.MARKETING:
        return ""
    campaign = Campaign.objects.of(message.workspace).filter(pk=message.campaign_id)
    if campaign.values_list("state", flat=True).first() != CampaignState.SENDING:
        return "stopped"
    paused = PushSetting.objects.of(message.workspace).filter(marketing_paused=True)
    return "paused" if paused.exists() else ""


def terms_of(message: Message) -> Terms:
    """Under which terms the message is sent."""
    return Terms(
        marketing=message.kind == Message.Kind.MARKETING,
        needs_profiling=bool((message.audience or {}).get("profiling")),
        campaign_id=message.campaign_id,
        holdout_share=message.holdout_share,
        quiet=quiet.parse(message.quiet_hours),
        zone=message.zone,
        expires_at=message.expires_at,
    )


def _claim(pk: str) -> Claim:
    shard = Shard.objects.unscoped().select_related("message", "message__workspace").get(pk=pk)
    message = shard.message
    host_app = identity.host_app(message.workspace, message.host_app_id)
    reader = None
    if shard.ranged and message.audience is not None:
        reader = Reader(host_app, message.audience, before=message.seen_before)
    return Claim(shard, shard.token, message, host_app, terms_of(message), reader)
