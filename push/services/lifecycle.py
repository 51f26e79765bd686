"""What time does to campaigns: runs that are due begin or are missed, messages whose shards are done end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from analytics import audience as audiences
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.models import HostApp
from push import content
from push.models import Campaign, CampaignRun, Message, PushSetting, RateBudget, Shard
from push.rules.campaigns import Act, State, move
from push.rules.limits import SHARD
from push.selectors.settings import setting_of
from push.services.approval import still_approved

_log = logging.getLogger(__name__)
_AT_ONCE = 50


def start_due() -> int:
    """Begin the runs whose time has come, mark those missed that came too late; how many began.

    Safe to run twice at once: the campaign's row is locked, and the run's state decides.
    """
    now = clock.now()
    due = CampaignRun.objects.unscoped().filter(state=CampaignRun.State.DUE, planned_at__lte=now)
    started = 0
    for run in due.select_related("campaign", "workspace").order_by("planned_at", "pk")[:_AT_ONCE]:
        try:
            started += _begin(run)
        except FerryError as error:  # its segment is gone, its prediction was switched off
            _end(run, Act.STOP, error.text())
        except Exception:
            _log.exception("campaign %s could not begin; the next tick tries again", run.campaign_id)
    return started


def finish_due() -> int:
    """End messages whose shards are all done, in case the worker died that would have said so; how many ended."""
    open_messages = Message.objects.unscoped().filter(finished_at=None).select_related("workspace")
    return sum(finish_if_over(system(message.workspace), message) for message in open_messages)


def finish_if_over(actor: Actor, message: Message) -> bool:
    """End the message, and its campaign, when no shard is left. Own transaction, after the last shard's commit."""
    with transaction.atomic():
        shards = Shard.objects.of(message.workspace).filter(message=message)
        if shards.filter(state__in=(Shard.State.READY, Shard.State.LEASED)).exists():
            return False
        rows = Message.objects.of(message.workspace).filter(pk=message.pk, finished_at=None)
        if not rows.update(finished_at=clock.now()):
            return False
        if message.kind == Message.Kind.MARKETING:
            campaign = _locked(message.campaign_id, message)
            if campaign is not None and move(State(campaign.state), Act.FINISH) is not None:
                _move(campaign, Act.FINISH, "")
                record(actor=actor, action="campaign.sent", target=campaign, after={"message": message.pk})
    return True


def _begin(run: CampaignRun) -> bool:
    now = clock.now()
    campaign = run.campaign
    if now > run.latest_start:
        return _end(run, Act.MISS, _("It could not begin before {at:%Y-%m-%d %H:%M} UTC.").format(at=run.latest_start))
    if PushSetting.objects.of(run.workspace).filter(marketing_paused=True).exists():
        return False  # it begins when marketing goes on, or is missed
    host_app = identity.host_app(run.workspace, campaign.host_app_id)
    if not still_approved(campaign, host_app):
        return _end(run, Act.STOP, _("Its audience has grown or changed since it was approved."))
    frozen = audiences.freeze(host_app, campaign.audience)
    pieces = list(audiences.ranges(host_app, size=SHARD, before=now))
    with transaction.atomic():
        fresh = _locked(campaign.pk, campaign)
        taken = CampaignRun.objects.of(run.workspace).filter(pk=run.pk, state=CampaignRun.State.DUE)
        if fresh is None or fresh.revision != campaign.revision or move(State(fresh.state), Act.START) is None:
            return False
        message = _message(fresh, run, host_app, frozen, now)
        if not taken.update(state=CampaignRun.State.STARTED, started_at=now, message_id=message.pk):
            return False  # somebody was faster
        message.save(force_insert=True)
        if message.max_per_minute is not None:
            RateBudget.objects.create(workspace=run.workspace, message_id=message.pk)
        Shard.objects.insert(_shards(message, pieces, now))
        _move(fresh, Act.START, "")
        after = {"message": message.pk, "planned_at": run.planned_at, "shards": len(pieces)}
        record(actor=system(run.workspace), action="campaign.started", target=fresh, after=after)
    return True


def _end(run: CampaignRun, act: Act, reason: str) -> bool:
    """The run does not take place: missed, or stopped. Never counts as begun."""
    with transaction.atomic():
        campaign = _locked(run.campaign_id, run)
        if campaign is None or move(State(campaign.state), act) is None:
            return False
        state = CampaignRun.State.MISSED if act is Act.MISS else CampaignRun.State.STOPPED
        rows = CampaignRun.objects.of(run.workspace).filter(pk=run.pk, state=CampaignRun.State.DUE)
        if not rows.update(state=state):
            return False
        _move(campaign, act, reason)
        action = "campaign.missed" if act is Act.MISS else "campaign.stopped"
        after = {"planned_at": run.planned_at, "reason": reason}
        record(actor=system(run.workspace), action=action, target=campaign, after=after)
    return False


def _message(campaign: Campaign, run: CampaignRun, host_app: HostApp, frozen: dict[str, Any], now: datetime) -> Message:
    words = content.filled(content.words_of(campaign), campaign.values)
    return Message(
        workspace=campaign.workspace,
        host_app_id=host_app.pk,
        kind=Message.Kind.MARKETING,
        campaign_id=campaign.pk,
        run_id=run.pk,
        template_id=campaign.template_id,
        audience=frozen,
        holdout_share=campaign.holdout_share,
        quiet_hours=campaign.quiet_hours,
        zone=campaign.zone or setting_of(campaign.workspace).zone,
        max_per_minute=campaign.max_per_minute,
        seen_before=now,
        expires_at=now + timedelta(seconds=campaign.valid_for_s),
        created_by=campaign.created_by,
        created_by_name=campaign.created_by_name,
        **content.columns(words),
    )


def _shards(message: Message, pieces: Sequence[tuple[str, str, int]], now: datetime) -> list[Shard]:
    return [
        Shard(
            workspace=message.workspace,
            message=message,
            number=number,
            wave=now,
            ranged=True,
            after=after,
            until=until,
            size=size,
            not_before=now,
        )
        for number, (after, until, size) in enumerate(pieces)
    ]


def _locked(campaign_id: str, row: Campaign | CampaignRun | Message) -> Campaign | None:
    rows = Campaign.objects.of(row.workspace).select_related("workspace")
    return rows.select_for_update(of=("self",)).filter(pk=campaign_id).first()


def _move(campaign: Campaign, act: Act, reason: str) -> None:
    state = move(State(campaign.state), act)
    if state is None:
        raise ValueError(f"{campaign.state} cannot {act}")
    campaign.state, campaign.reason, campaign.changed_at = state.value, reason[:300], clock.now()
    campaign.save(update_fields=["state", "reason", "changed_at"])
