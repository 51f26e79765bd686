"""A host app's accounts with vendors. Their secrets go in and never come out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from push.engines.apns import accounts
from push.engines.apns.probe import Probe, probe
from push.models import Channel, ChannelSetting
from push.services.scope import within


def set_apns(*, actor: Actor, host_app: HostApp, values: Mapping[str, Any]) -> ChannelSetting:
    """Set the account with Apple: team_id, key_id, topic, environment, and `key`, the text of the .p8 file.

    Without `key` the one that is there stays. Raises ChannelInvalid.
    """
    require(actor, Right.MANAGE_APPS)
    within(actor, host_app)
    settings = accounts.checked(values)
    pem = str(values.get("key") or "")
    with transaction.atomic():
        rows = ChannelSetting.objects.of(actor.workspace).select_for_update()
        row = rows.filter(host_app_id=host_app.pk, channel=Channel.APNS).first()
        before = None if row is None else dict(row.settings)
        if row is None:
            row = ChannelSetting(workspace=actor.workspace, host_app_id=host_app.pk, channel=Channel.APNS)
        if pem or not row.sealed:
            row.sealed = accounts.seal(pem)
        row.settings = settings
        row.save()
        after = {**settings, "new_key": bool(pem)}
        record(actor=actor, action="push.channel_set", target=host_app, before=before, after=after)
    return row


def try_apns(*, actor: Actor, host_app: HostApp) -> Probe:
    """Ask Apple whether it takes the account as it is set; nobody gets a message. Raises NotFound.

    Waits for Apple, at most ten seconds, and holds no transaction meanwhile.
    """
    require(actor, Right.MANAGE_APPS)
    within(actor, host_app)
    found = accounts.account(actor.workspace.pk, host_app.pk)
    if found is None:
        raise NotFound(kind="channel")
    tried = probe(found)
    with transaction.atomic():
        record(actor=actor, action="push.channel_tried", target=host_app, after={"channel": "apns", "ok": tried.ok})
    return tried


def remove_channel(*, actor: Actor, host_app: HostApp, channel: str) -> None:
    """Forget the account, its key too. Raises NotFound."""
    require(actor, Right.MANAGE_APPS)
    within(actor, host_app)
    with transaction.atomic():
        rows = ChannelSetting.objects.of(actor.workspace).filter(host_app_id=host_app.pk, channel=channel)
        row = rows.select_for_update().first()
        if row is None:
            raise NotFound(kind="channel")
        before = dict(row.settings)
        row.delete()
        record(actor=actor, action="push.channel_removed", target=host_app, before=before)
