"""What a workspace has decided about push."""

from __future__ import annotations

from ferry.kernel.identity.models import Workspace
from push.models import PushSetting
from push.rules.limits import APPROVAL_ABOVE


def setting_of(workspace: Workspace) -> PushSetting:
    """The workspace's row, or an unsaved one with the defaults."""
    row = PushSetting.objects.of(workspace).first()
    return row if row is not None else PushSetting(workspace=workspace, approval_above=APPROVAL_ABOVE)
