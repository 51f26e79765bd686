"""Service messages and test sends: to named users or devices, at once, without hold-out, quiet hours or limits.

Who gets one is known when it is taken, so its ledger is written then; one shard carries it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from analytics.audience import AudienceDevice, by_id, of_users
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.ids import LONGEST_USER
from push import content
from push.addresses import reach
from push.errors import MessageInvalid
from push.models import Campaign, Delivery, Message, Recipient, Shard
from push.rules.ledger import Reason, State
from push.rules.limits import BATCH, MOST_TEST_DEVICES, MOST_USERS
from push.rules.placeholders import Words
from push.services.scope import within
from push.services.wake import wake_on_commit

_LONGEST_VALID_S = 28 * 86_400


@dataclass(frozen=True, slots=True)
class To:
    """A user, and what the placeholders say to this one."""

    user: str
    values: Mapping[str, Any] = field(default_factory=dict)


def send_message(
    *,
    actor: Actor,
    host_app: HostApp,
    words: Words,
    to: Sequence[To],
    template_id: str = "",
    valid_for_s: int = 3 * 86_400,
) -> Message:
    """Send a service message to up to 1,000 users: every device that is bound to them (verified).

    Consent to marketing does not matter here: this is for what the user waits for. Raises MessageInvalid,
    ContentInvalid.
    """
    require(actor, Right.PUSH_WRITE)
    within(actor, host_app)
    words = content.checked(words)
    recipients = _checked(words, to)
    message = _message(actor, host_app, Message.Kind.SERVICE, words, valid_for_s, template_id=template_id)
    devices = list(of_users(host_app, recipients))
    count: dict[str, int] = {}
    for device in devices:
        count[device.user] = count.get(device.user, 0) + 1
    with transaction.atomic():
        message.save(force_insert=True)
        Recipient.objects.insert(
            Recipient(workspace=actor.workspace, message=message, user=user, values=values, devices=count.get(user, 0))
            for user, values in recipients.items()
        )
        _write(message, host_app, devices)
        after = {"users": len(recipients), "devices": len(devices), "title": words.title}
        record(actor=actor, action="message.sent", target=message, after=after)
        wake_on_commit()
    return message


def send_test(*, actor: Actor, campaign: Campaign, device_ids: Sequence[str]) -> Message:
    """Send a campaign's content to named devices now: those of whoever wrote it. Raises MessageInvalid."""
    require(actor, Right.PUSH_WRITE)
    within(actor, campaign)
    wanted = set(device_ids)
    if not 0 < len(wanted) <= MOST_TEST_DEVICES:
        raise MessageInvalid(reason=_("name 1 to {most} devices.").format(most=MOST_TEST_DEVICES))
    host_app = identity.host_app(actor.workspace, campaign.host_app_id)
    known = by_id(host_app, [each for each in wanted if each.isprintable() and len(each) <= 64])
    missing = sorted(wanted - known.keys())
    if missing:
        raise MessageInvalid(reason=_("there is no device {device}.").format(device=missing[0][:64]))
    words = content.filled(content.words_of(campaign), campaign.values)
    message = _message(actor, host_app, Message.Kind.TEST, words, 3600, campaign_id=campaign.pk)
    with transaction.atomic():
        message.save(force_insert=True)
        _write(message, host_app, list(known.values()))
        record(actor=actor, action="campaign.tested", target=campaign, after={"devices": sorted(wanted)})
        wake_on_commit()
    return message


def _checked(words: Words, to: Sequence[To]) -> dict[str, dict[str, str]]:
    """User → values. Raises MessageInvalid, ContentInvalid with the user whose values do not fit."""
    if not 0 < len(to) <= MOST_USERS:
        raise MessageInvalid(reason=_("name 1 to {most} users.").format(most=MOST_USERS))
    found: dict[str, dict[str, str]] = {}
    for each in to:
        if not 0 < len(each.user) <= LONGEST_USER or "\0" in each.user:
            raise MessageInvalid(reason=_("a user id has 1 to {limit} characters.").format(limit=LONGEST_USER))
        if each.user in found:
            raise MessageInvalid(reason=_("the user {user} is named twice.").format(user=each.user[:80]))
        found[each.user] = content.values_of(words, each.values)
        content.filled(words, found[each.user])
    return found


def _message(
    actor: Actor,
    host_app: HostApp,
    kind: Message.Kind,
    words: Words,
    valid_for_s: int,
    *,
    template_id: str = "",
    campaign_id: str = "",
) -> Message:
    if not 60 <= valid_for_s <= _LONGEST_VALID_S:
        raise MessageInvalid(reason=_("it is valid for 60 seconds to 28 days."))
    return Message(
        workspace=actor.workspace,
        host_app_id=host_app.pk,
        kind=kind,
        template_id=template_id,
        campaign_id=campaign_id,
        expires_at=clock.now() + timedelta(seconds=valid_for_s),
        created_by=actor.person_id,
        created_by_name=actor.name[:150],
        **content.columns(words),
    )


def _write(message: Message, host_app: HostApp, devices: Sequence[AudienceDevice]) -> None:
    """The ledger of a message whose devices are known, and the shards that carry it."""
    reached, now = reach(host_app, devices), clock.now()
    for number, piece in enumerate(_pieces(devices)):
        shard = Shard(
            workspace=message.workspace, message=message, number=number, wave=now, urgent=True, not_before=now
        )
        shard.save(force_insert=True)
        Delivery.objects.insert(
            Delivery(
                workspace_id=message.workspace_id,
                message=message,
                shard=shard if device.device_id in reached else None,
                device_id=device.device_id,
                user=device.user,
                channel=reached[device.device_id].channel if device.device_id in reached else "",
                state=State.WAITING if device.device_id in reached else State.DROPPED,
                reason="" if device.device_id in reached else Reason.NO_ADDRESS,
                planned_at=now,
            )
            for device in piece
        )


def _pieces(devices: Sequence[AudienceDevice]) -> Iterable[Sequence[AudienceDevice]]:
    """At least one, so that a message without a device ends as every other does."""
    return [devices[start : start + BATCH] for start in range(0, len(devices), BATCH)] or [[]]
