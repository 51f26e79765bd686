"""Whether a release plan can be carried out, and in words what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ferry.kernel import clock, targeting
from ferry.kernel.ids import LONGEST_DEVICE, LONGEST_USER
from miniapps.errors import PlanInvalid
from miniapps.releases import LONGEST_NOTE, Problem, ReleasePlan, problems
from miniapps.segments import known_segments

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

SENTENCES: Mapping[Problem, str | Promise] = {
    Problem.SHARE_RANGE: _("a share is a whole number from 0 to 10000, in 1/10000."),
    Problem.SHARE_KIND: _("only a gray release has a share."),
    Problem.TRIAL_NAMES_NOBODY: _(
        "a trial needs users, devices, segments, conditions or invitations: it is for named people."
    ),
    Problem.INVITED_KIND: _("only a trial has invitations."),
    Problem.FULL_IS_FOR_ALL: _("a full release is for everybody. Use a gray release for a part."),
    Problem.FULL_HAS_NO_END: _("a full release has no end date."),
    Problem.START_TOO_FAR: _("it starts more than a year from now."),
    Problem.ENDS_BEFORE_START: _("it ends before it starts."),
    Problem.ENDED: _("its end date has passed."),
    Problem.STICKINESS: _("the stickiness names what a device is recognised by: deviceId, userId or a property."),
    Problem.APPLY: _("apply is next_open or at_once."),
    Problem.NETWORK: _("network is any or wifi."),
}


def missing_segments(workspace: Workspace, segment_ids: Sequence[str]) -> list[str]:
    """A sentence about the segments that do not exist, if there are any."""
    missing = sorted(set(segment_ids) - known_segments(workspace, segment_ids))
    return [str(_("there is no segment {segments}.")).format(segments=", ".join(missing))] if missing else []


def check_plan(workspace: Workspace, plan: ReleasePlan) -> None:
    """Raise PlanInvalid, with everything that is wrong at once."""
    wrong = [str(SENTENCES[problem]) for problem in problems(plan, now=clock.now())]
    found = targeting.validate_constraints([dict(one) for one in plan.conditions], "conditions")
    wrong += [problem.text(gettext) for problem in found]
    wrong += missing_segments(workspace, plan.segments)
    for names, limit in ((plan.users, LONGEST_USER), (plan.devices, LONGEST_DEVICE)):
        if any(len(name.strip()) > limit or not name.strip().isprintable() for name in names):
            wrong.append(str(_("an id on its list has at most {limit} printable characters.")).format(limit=limit))
    if len(plan.note) > LONGEST_NOTE:
        wrong.append(str(_("the note is longer than {limit} characters.")).format(limit=LONGEST_NOTE))
    if wrong:
        raise PlanInvalid(reason=" ".join(wrong), problems=[problem.as_json(gettext) for problem in found])
