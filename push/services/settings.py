"""What a workspace decides about push: from how many people on a second member approves, and the one big switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from push.errors import SettingInvalid
from push.models import PushSetting
from push.rules.limits import APPROVAL_ABOVE
from push.rules.quiet import known_zone


def change_settings(*, actor: Actor, changes: Mapping[str, Any]) -> PushSetting:
    """Change `approval_above` (people; null = nobody has to approve) and `zone`. Raises SettingInvalid.

    Only for those who approve: whoever writes campaigns must not lift the limit that checks him.
    """
    require(actor, Right.PUSH_APPROVE)
    if "zone" in changes and not known_zone(changes["zone"]):
        raise SettingInvalid(reason=_("{zone} is no time zone.").format(zone=str(changes["zone"])[:64]))
    return _change(actor, "push.settings_changed", changes)


def pause_marketing(*, actor: Actor, reason: str) -> PushSetting:
    """Hold all marketing of the workspace: running campaigns before their next batch, due ones before they begin."""
    require(actor, Right.PUSH_WRITE)
    changes = {
        "marketing_paused": True,
        "paused_reason": " ".join(reason.split())[:300],
        "paused_by": actor.person_id,
        "paused_at": clock.now(),
    }
    return _change(actor, "push.marketing_paused", changes)


def resume_marketing(*, actor: Actor) -> PushSetting:
    """Let marketing go on where it stood; a run that is too late by now is missed."""
    require(actor, Right.PUSH_WRITE)
    changes = {"marketing_paused": False, "paused_reason": "", "paused_by": "", "paused_at": None}
    return _change(actor, "push.marketing_resumed", changes)


def _change(actor: Actor, action: str, changes: Mapping[str, Any]) -> PushSetting:
    with transaction.atomic():
        new = PushSetting(workspace=actor.workspace, approval_above=APPROVAL_ABOVE)
        PushSetting.objects.insert([new], ignore_conflicts=True)
        row = PushSetting.objects.of(actor.workspace).select_for_update().get()
        before = {name: getattr(row, name) for name in changes}
        for name, value in changes.items():
            setattr(row, name, value)
        row.save()
        record(actor=actor, action=action, target=("push", actor.workspace.pk), before=before, after=dict(changes))
    return row
