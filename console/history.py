"""The history of a release or a campaign, from the audit log: one line for each act. Pure but for the words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.templatetags.console import share
from ferry.kernel.audit import selectors as audit
from ferry.kernel.audit.models import AuditEntry

_WORDS = {
    "release.scheduled": gettext_lazy("Planned"),
    "release.started": gettext_lazy("Started"),
    "release.began": gettext_lazy("Began as planned"),
    "release.raised": gettext_lazy("Raised"),
    "release.lowered": gettext_lazy("Lowered"),
    "release.paused": gettext_lazy("Paused"),
    "release.resumed": gettext_lazy("Resumed"),
    "release.invited": gettext_lazy("Invitation made"),
    "release.invitation_revoked": gettext_lazy("Invitation taken back"),
    "release.ended": gettext_lazy("Window closed"),
    "release.completed": gettext_lazy("Completed"),
    "release.superseded": gettext_lazy("Superseded"),
    "release.rolled_back": gettext_lazy("Rolled back"),
    "campaign.created": gettext_lazy("Written"),
    "campaign.edited": gettext_lazy("Edited"),
    "campaign.submitted": gettext_lazy("Submitted"),
    "campaign.approved": gettext_lazy("Approved"),
    "campaign.returned": gettext_lazy("Sent back"),
    "campaign.scheduled": gettext_lazy("Scheduled"),
    "campaign.unscheduled": gettext_lazy("Taken off the schedule"),
    "campaign.stopped": gettext_lazy("Stopped"),
    "campaign.tested": gettext_lazy("Test sent"),
    "campaign.started": gettext_lazy("Began"),
    "campaign.sent": gettext_lazy("Sent to all"),
    "campaign.missed": gettext_lazy("Missed"),
}


class Line(NamedTuple):
    """One act."""

    word: str
    who: str
    at: datetime
    reason: str


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    """The acts, newest first, with shares where they changed."""
    return [_line(entry) for entry in entries]


def _line(entry: AuditEntry) -> Line:
    before, after = audit.read(entry.before) or {}, audit.read(entry.after) or {}
    word = str(_WORDS.get(entry.action, entry.action))
    if "share" in before and before["share"] != after.get("share"):
        word = _("{what} from {old} to {new}").format(
            what=word, old=share(before["share"]), new=share(after.get("share"))
        )
    elif entry.action == "release.started" and after.get("kind") == "gray":
        word = _("{what} with {share}").format(what=word, share=share(after.get("share")))
    reason = str(after.get("reason") or "")
    return Line(word, entry.actor_name, entry.created_at, reason)
