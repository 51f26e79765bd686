"""How a release is changed: read behind the lock, moved by the table, saved, published, recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import Publication, publishing
from miniapps.errors import MoveNotAllowed
from miniapps.models import MiniProgram, Release
from miniapps.releases import OPEN, Act, Kind, NoMove, State, move
from miniapps.services.parts import settle_dependents
from miniapps.services.scope import within

LONGEST_REASON = 4000

KINDS: Mapping[Kind, str | Promise] = {
    Kind.TRIAL: _("Trial"),
    Kind.GRAY: _("Gray release"),
    Kind.FULL: _("Full release"),
}
STATES: Mapping[State, str | Promise] = {
    State.DRAFT: _("draft"),
    State.SCHEDULED: _("scheduled"),
    State.RUNNING: _("running"),
    State.PAUSED: _("paused"),
    State.COMPLETED: _("completed"),
    State.ROLLED_BACK: _("rolled back"),
    State.SUPERSEDED: _("superseded"),
}
ACTS: Mapping[Act, str | Promise] = {
    Act.SCHEDULE: _("scheduling"),
    Act.START: _("starting"),
    Act.CHANGE_SHARE: _("changing the share"),
    Act.PAUSE: _("pausing"),
    Act.RESUME: _("resuming"),
    Act.COMPLETE: _("completing"),
    Act.ROLL_BACK: _("rolling back"),
    Act.SUPERSEDE: _("superseding"),
}


def act_on(actor: Actor, release: Release, act: Act, reason: str, change: Callable[[Release], str]) -> Release:
    """One act on one release. `change` alters the row that was read behind the lock, and names the audit entry."""
    require(actor, Right.RELEASE)
    within(actor, release)
    with publishing(release.host_app) as publication:
        fresh = fresh_release(release)
        before = described(fresh)
        apply_move(fresh, act)
        action = change(fresh)
        save(fresh, reason)
        publication.changed("program", fresh.program.program_id)
        settle_dependents(publication, fresh.program)
        record(actor=actor, action=action, target=fresh, before=before, after=described(fresh))
    return fresh


def step(actor: Actor, publication: Publication, release: Release, act: Act, reason: str, action: str) -> None:
    """As `act_on`, for a release that is already fresh, as one part of a larger act."""
    before = described(release)
    apply_move(release, act)
    save(release, reason)
    publication.changed("program", release.program.program_id)
    settle_dependents(publication, release.program)
    record(actor=actor, action=action, target=release, before=before, after=described(release))


def apply_move(release: Release, act: Act) -> None:
    """Set the state that the table gives. Raises MoveNotAllowed."""
    try:
        release.state = move(Kind(release.kind), State(release.state), act)
    except NoMove as refused:
        raise MoveNotAllowed(
            kind=refused.kind.value,
            state=refused.state.value,
            act=refused.act.value,
            release=release.pk,
            kind_words=str(KINDS[refused.kind]),
            state_words=str(STATES[refused.state]),
            act_words=str(ACTS[refused.act]),
        ) from None


def save(release: Release, reason: str) -> None:
    """Write what an act may change."""
    release.changed_at = clock.now()
    release.reason = clean(reason)
    if State(release.state) not in OPEN:
        release.ended_at = release.changed_at
    release.save(update_fields=["state", "share", "changed_at", "reason", "ended_at"])


def fresh_release(release: Release) -> Release:
    """The release as it is behind the lock."""
    return (
        Release.objects.of(release.workspace)
        .select_related("workspace", "host_app", "program", "version")
        .defer("version__files", "version__report")
        .get(pk=release.pk)
    )


def open_releases(actor: Actor, program: MiniProgram, host_app: HostApp) -> list[Release]:
    """The program's open releases on the host app, newest first. Only behind the lock."""
    rows = Release.objects.of(actor.workspace).filter(host_app=host_app, program=program, state__in=OPEN)
    rows = rows.select_related("workspace", "host_app", "program", "version")
    return list(rows.defer("version__files", "version__report").order_by("-serial"))


def serving_release(actor: Actor, program: MiniProgram, host_app: HostApp) -> Release | None:
    """The full release that everybody gets who fits its range: the newest that runs."""
    running = (release for release in open_releases(actor, program, host_app) if release.state == State.RUNNING)
    return next((release for release in running if release.kind == Kind.FULL), None)


def described(release: Release) -> dict[str, Any]:
    """What the audit log tells of a release."""
    return {
        "host_app": release.host_app_id,
        "program_id": release.program.program_id,
        "version_code": release.version.code,
        "serial": release.serial,
        "kind": str(release.kind),
        "state": str(release.state),
        "share": release.share,
        "conditions": release.conditions,
        "segments": release.segment_ids,
        "users": release.allowlist_users_count,
        "devices": release.allowlist_devices_count,
        "starts_at": release.starts_at,
        "ends_at": release.ends_at,
        "reason": release.reason,
    }


def clean(text: str) -> str:
    """Free text as it is stored."""
    return text.replace("\0", "").strip()[:LONGEST_REASON]
