"""Writes of campaigns: written by one member, approved by another, scheduled, stopped.

Every act locks the campaign's row first and its due row second, as the tick does, and writes the audit entry last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from analytics import audience as audiences
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from push.errors import ApprovalNeeded, CampaignChanged, CampaignInvalid, OwnCampaign
from push.models import Campaign, CampaignRun, Message, Shard
from push.rules.campaigns import Act, State, move
from push.selectors.settings import setting_of
from push.services import drafts
from push.services.approval import approved, still_approved
from push.services.scope import within
from push.services.wake import wake_on_commit
from push.wording import not_allowed

_GRACE = timedelta(minutes=5)  # a planned time this long past still counts as now


def create_campaign(*, actor: Actor, host_app: HostApp, values: Mapping[str, Any]) -> Campaign:
    """A draft. `values`: the fields of push.services.drafts. Raises CampaignInvalid, ContentInvalid."""
    require(actor, Right.PUSH_WRITE)
    within(actor, host_app)
    campaign = Campaign(
        workspace=actor.workspace,
        host_app_id=host_app.pk,
        writers=[actor.person_id],
        created_by=actor.person_id,
        created_by_name=actor.name[:150],
    )
    drafts.put(campaign, values, host_app=host_app)
    with transaction.atomic():
        campaign.save(force_insert=True)
        record(actor=actor, action="campaign.created", target=campaign, after=drafts.told(campaign))
    return campaign


def edit_campaign(*, actor: Actor, campaign: Campaign, values: Mapping[str, Any], revision: int = 0) -> Campaign:
    """Change what is given. The campaign is a draft again: an approval is void, a schedule is off.

    With `revision`, only if nobody has changed it since. Raises CampaignChanged and what `create_campaign` raises.
    """
    require(actor, Right.PUSH_WRITE)
    host_app = _host_app(actor, campaign)
    with _locked(actor, campaign, Act.EDIT) as row:
        if revision and row.revision != revision:
            raise CampaignChanged
        before = drafts.told(row)
        drafts.put(row, values, host_app=host_app)
        row.revision += 1
        row.writers = sorted({*row.writers, actor.person_id})
        row.approved_by = row.approved_by_name = row.approved_audience = ""
        row.approved_revision = 0
        _unplan(row)
        _save(row, Act.EDIT, "")
        record(actor=actor, action="campaign.edited", target=row, before=before, after=drafts.told(row))
    return row


def delete_campaign(*, actor: Actor, campaign: Campaign) -> None:
    """Delete a draft that was never sent."""
    require(actor, Right.PUSH_WRITE)
    with _locked(actor, campaign, Act.DELETE) as row:
        target, before = ("campaign", row.pk), drafts.told(row)
        row.delete()
        record(actor=actor, action="campaign.deleted", target=target, before=before)


def submit_campaign(*, actor: Actor, campaign: Campaign) -> Campaign:
    """Ask for a second member's approval."""
    require(actor, Right.PUSH_WRITE)
    with _locked(actor, campaign, Act.SUBMIT) as row:
        row.writers = sorted({*row.writers, actor.person_id})
        _save(row, Act.SUBMIT, "")
        record(actor=actor, action="campaign.submitted", target=row, after={"revision": row.revision})
    return row


def approve_campaign(*, actor: Actor, campaign: Campaign, revision: int) -> Campaign:
    """Approve what was seen: `revision`. Raises OwnCampaign, CampaignChanged when it has become another since."""
    require(actor, Right.PUSH_APPROVE)
    host_app = _host_app(actor, campaign)
    seen = audiences.fingerprint(host_app, campaign.audience)
    with _locked(actor, campaign, Act.APPROVE) as row:
        if actor.person_id in row.writers:
            raise OwnCampaign(right=Right.PUSH_APPROVE.value)
        if row.revision != revision or row.audience != campaign.audience:
            raise CampaignChanged
        row.approved_by, row.approved_by_name = actor.person_id, actor.name[:150]
        row.approved_revision, row.approved_audience = row.revision, seen
        _save(row, Act.APPROVE, "")
        record(actor=actor, action="campaign.approved", target=row, after={"revision": row.revision})
    return row


def return_campaign(*, actor: Actor, campaign: Campaign, reason: str) -> Campaign:
    """Send a campaign back to its writers, with the reason."""
    require(actor, Right.PUSH_APPROVE)
    with _locked(actor, campaign, Act.RETURN) as row:
        row.approved_by = row.approved_by_name = row.approved_audience = ""
        row.approved_revision = 0
        _save(row, Act.RETURN, _reason(reason))
        record(actor=actor, action="campaign.returned", target=row, after={"reason": row.reason})
    return row


def schedule_campaign(*, actor: Actor, campaign: Campaign) -> Campaign:
    """Plan its run at `planned_at`, or now. Raises ApprovalNeeded, CampaignInvalid when that time is over."""
    require(actor, Right.PUSH_WRITE)
    host_app = _host_app(actor, campaign)
    if not host_app.active:
        raise CampaignInvalid(reason=_("its host app is switched off."))
    if move(State(campaign.state), Act.SCHEDULE) is None:  # told before the audience is counted
        raise not_allowed(campaign.state, Act.SCHEDULE)
    limit = setting_of(actor.workspace).approval_above
    if not still_approved(campaign, host_app):
        raise ApprovalNeeded(limit=limit)
    with _locked(actor, campaign, Act.SCHEDULE) as row:
        if row.revision != campaign.revision:
            raise CampaignChanged
        now = clock.now()
        if row.planned_at is not None and row.planned_at < now - _GRACE:
            raise CampaignInvalid(reason=_("its planned time is over. Choose another."))
        if row.approved_by and not approved(row, host_app):
            raise ApprovalNeeded(limit=limit)
        at = row.planned_at or now
        late = timedelta(seconds=row.late_by_s)
        CampaignRun.objects.create(
            workspace=actor.workspace, campaign=row, planned_at=at, latest_start=max(at, now) + late
        )
        _save(row, Act.SCHEDULE, "")
        record(actor=actor, action="campaign.scheduled", target=row, after={"planned_at": at, "revision": row.revision})
    return row


def unschedule_campaign(*, actor: Actor, campaign: Campaign) -> Campaign:
    """Take it off the schedule; an approval of this revision stays good."""
    require(actor, Right.PUSH_WRITE)
    with _locked(actor, campaign, Act.UNSCHEDULE) as row:
        _unplan(row)
        _save(row, Act.UNSCHEDULE, "")
        record(actor=actor, action="campaign.unscheduled", target=row)
    return row


def stop_campaign(*, actor: Actor, campaign: Campaign, reason: str) -> Campaign:
    """Stop for good: workers read this before every batch. What waits for the end of quiet hours is dropped too."""
    require(actor, Right.PUSH_WRITE)
    with _locked(actor, campaign, Act.STOP) as row:
        runs = CampaignRun.objects.of(actor.workspace).filter(campaign=row, state=CampaignRun.State.DUE)
        runs.update(state=CampaignRun.State.STOPPED)
        _save(row, Act.STOP, _reason(reason))
        message_ids = Message.objects.of(actor.workspace).filter(campaign_id=row.pk).values("pk")
        waiting = Shard.objects.of(actor.workspace).filter(message_id__in=message_ids, state=Shard.State.READY)
        waiting.update(not_before=clock.now())  # so that a worker closes the ledger now and not in the morning
        record(actor=actor, action="campaign.stopped", target=row, after={"reason": row.reason})
        wake_on_commit()
    return row


@contextmanager
def _locked(actor: Actor, campaign: Campaign, act: Act) -> Iterator[Campaign]:
    """The campaign's row in a transaction, locked, if `act` is possible. Raises NotFound, CampaignMoveNotAllowed."""
    within(actor, campaign)
    with transaction.atomic():
        row = Campaign.objects.of(actor.workspace).select_for_update().filter(pk=campaign.pk).first()
        if row is None:
            raise NotFound(kind="campaign")
        if move(State(row.state), act) is None:
            raise not_allowed(row.state, act)
        yield row


def _save(row: Campaign, act: Act, reason: str) -> None:
    state = move(State(row.state), act)
    row.state = (state or State(row.state)).value
    row.reason, row.changed_at = reason, clock.now()
    row.save()


def _unplan(row: Campaign) -> None:
    CampaignRun.objects.of(row.workspace).filter(campaign=row, state=CampaignRun.State.DUE).delete()


def _host_app(actor: Actor, campaign: Campaign) -> HostApp:
    within(actor, campaign)
    return identity.host_app(actor.workspace, campaign.host_app_id)


def _reason(text: str) -> str:
    reason = " ".join(text.split())[:300]
    if not reason:
        raise CampaignInvalid(reason=_("say why, so that the others know."))
    return reason
