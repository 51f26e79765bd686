"""Releases: start, widen, narrow, pause, complete, roll back. The moves are miniapps.releases; here they take effect.

Every act reads its release again behind the publishing lock: of two operators the second decides on what the first
left, so a halted release never comes back.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from ferry.kernel import clock, ids
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require, system
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import Publication, publishing
from miniapps.errors import AlreadyReleased, HostAppInactive, NotApproved, PlanInvalid, ReasonMissing, SourceOnly
from miniapps.models import MiniProgram, Release, Review, ReviewState, Version
from miniapps.packages.kinds import SOURCES
from miniapps.plans import missing_segments
from miniapps.releases import WHOLE, Act, Kind, ReleasePlan, State, end, move
from miniapps.services.listings import list_program
from miniapps.services.moves import (
    act_on,
    apply_move,
    clean,
    described,
    fresh_release,
    open_releases,
    save,
    serving_release,
    step,
)
from miniapps.services.parts import require_plugins, settle_dependents
from miniapps.services.plans import Audience, checked_audience
from miniapps.services.reviews import check_range
from miniapps.services.scope import within
from miniapps.services.terms import settle_version

log = logging.getLogger(__name__)

_ENDS = Q(state=State.RUNNING) | Q(state=State.PAUSED, kind=Kind.TRIAL)
MOST_TRIALS = 20  # open at once for one mini-program on one host app; each is asked at every check-in


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What `roll_back_to` did: the releases it stopped, and the full release that serves now."""

    stopped: list[Release]
    serving: Release


def start_release(*, actor: Actor, version: Version, host_app: HostApp, plan: ReleasePlan) -> Release:
    """Begin showing `version` to the devices that `plan` names.

    A gray supersedes the open gray of the same program and inherits its cohort, so that a fix reaches the same people
    first. A full release is for everybody, so it supersedes the open gray as well, or completes it when it is of the
    same version. Raises NotApproved, PlanInvalid, HostRangeMisses, HostAppInactive, AlreadyReleased.
    """
    require(actor, Right.RELEASE)
    within(actor, version, host_app)
    audience = checked_audience(actor.workspace, plan)
    with publishing(host_app) as publication:
        return _start(actor, publication, version, plan, audience)


def change_share(*, actor: Actor, release: Release, share: int, reason: str = "") -> Release:
    """Raise or lower the share of a gray release, in 1/10,000. Raising adds devices, lowering takes the last back.

    Raises PlanInvalid, MoveNotAllowed.
    """
    if isinstance(share, bool) or not 0 <= share <= WHOLE:
        raise PlanInvalid(reason=_("a share is a whole number from 0 to 10000, in 1/10000."))

    def change(fresh: Release) -> str:
        action = "release.raised" if share > fresh.share else "release.lowered"
        fresh.share = share
        return action

    return act_on(actor, release, Act.CHANGE_SHARE, reason, change)


def pause_release(*, actor: Actor, release: Release, reason: str = "") -> Release:
    """Hold a release: no further device gets it, and those that have it keep it. Raises MoveNotAllowed."""
    return act_on(actor, release, Act.PAUSE, reason, lambda fresh: "release.paused")


def resume_release(*, actor: Actor, release: Release, reason: str = "") -> Release:
    """Go on with a paused release, for the same devices as before. Raises MoveNotAllowed, PlanInvalid."""

    def change(fresh: Release) -> str:
        if fresh.ends_at is not None and fresh.ends_at <= clock.now():
            raise PlanInvalid(reason=_("its end date has passed. Complete it, roll it back, or start a new release."))
        return "release.resumed"

    return act_on(actor, release, Act.RESUME, reason, change)


def complete_release(*, actor: Actor, release: Release, reason: str = "") -> Release:
    """Turn a gray release into a full one of the same version, which is returned. Raises MoveNotAllowed."""
    require(actor, Right.RELEASE)
    within(actor, release)
    with publishing(release.host_app) as publication:
        gray = fresh_release(release)
        apply_move(gray, Act.COMPLETE)  # refuses; the full release ends the gray one in the same transaction
        plan = ReleasePlan(kind=Kind.FULL, apply=gray.apply, network=gray.network, note=reason)
        return _start(actor, publication, gray.version, plan, Audience())


def roll_back_release(*, actor: Actor, release: Release, reason: str) -> Release:
    """Stop a release for good: its devices return to what they would get without it. Raises MoveNotAllowed."""
    if not reason.strip():
        raise ReasonMissing
    return act_on(actor, release, Act.ROLL_BACK, reason, lambda fresh: "release.rolled_back")


def roll_back_to(
    *, actor: Actor, program: MiniProgram, host_app: HostApp, version: Version, reason: str = ""
) -> RolledBack:
    """Serve an earlier version: every open release of a newer one is rolled back, trials and scheduled ones too.

    Where no full release of `version` is left, a new one is started. Raises NotApproved, HostRangeMisses.
    """
    require(actor, Right.RELEASE)
    within(actor, program, host_app, version)
    if version.program_id != program.pk:
        raise PlanInvalid(reason=_("the version belongs to another mini-program."))
    with publishing(host_app) as publication:
        reason = clean(reason) or _("Rolled back to {version}.").format(version=version)
        stopped = []
        for release in open_releases(actor, program, host_app):
            if release.version.code > version.code or (release.kind == Kind.GRAY and release.version_id != version.pk):
                step(actor, publication, release, Act.ROLL_BACK, reason, "release.rolled_back")
                stopped.append(release)
        serving = serving_release(actor, program, host_app)
        if serving is None or serving.version_id != version.pk:
            plan = ReleasePlan(kind=Kind.FULL, note=reason)
            serving = _start(actor, publication, version, plan, Audience())
        return RolledBack(stopped, serving)


def advance_due() -> int:
    """What time does: begin scheduled releases, close windows that have ended. Returns how many moved.

    Devices follow the dates themselves, to the second; this brings the rows after them. Safe to run twice at once.
    """
    now = clock.now()
    scheduled = Release.objects.unscoped().filter(state=State.SCHEDULED, starts_at__lte=now)
    ended = Release.objects.unscoped().filter(_ENDS, ends_at__lte=now)
    due = (scheduled | ended).select_related("workspace", "host_app").order_by("starts_at", "id")
    moved = 0
    for release in due:
        try:
            moved += _advance(release)
        except Exception:  # one workspace whose key does not open must not hold up the others
            log.exception("release %s is due and cannot be moved", release.pk)
    return moved


def _ends(release: Release) -> bool:
    """Whether its end date changes anything for it; as `_ENDS` asks the database."""
    return release.state == State.RUNNING or (release.state == State.PAUSED and release.kind == Kind.TRIAL)


def _advance(release: Release) -> bool:
    actor = system(release.workspace)
    with publishing(release.host_app) as publication:
        fresh = fresh_release(release)
        now = clock.now()
        if fresh.state == State.SCHEDULED and fresh.starts_at is not None and fresh.starts_at <= now:
            step(actor, publication, fresh, Act.START, fresh.reason, "release.began")
            if fresh.kind == Kind.FULL:
                _end_gray(actor, publication, fresh)
        elif _ends(fresh) and fresh.ends_at is not None and fresh.ends_at <= now:
            before = described(fresh)
            fresh.state = end(Kind(fresh.kind), State(fresh.state))
            save(fresh, _("Its end date has come."))
            publication.changed("program", fresh.program.program_id)
            record(actor=actor, action="release.ended", target=fresh, before=before, after=described(fresh))
        else:
            return False  # somebody was faster
    return True


def _start(actor: Actor, publication: Publication, version: Version, plan: ReleasePlan, audience: Audience) -> Release:
    host_app, program, now = publication.host_app, version.program, clock.now()
    if not host_app.active:
        raise HostAppInactive(host_app=str(host_app))
    if version.kind in SOURCES:
        raise SourceOnly(version=str(version), kind=version.kind)
    check_range(version, host_app)
    if missing := missing_segments(actor.workspace, audience.segments):  # deleted since the plan was checked
        raise PlanInvalid(reason=missing[0])
    approved = Review.objects.of(actor.workspace).filter(version=version, host_app=host_app, state=ReviewState.APPROVED)
    if not approved.exists():
        raise NotApproved(version=str(version), host_app=str(host_app))
    require_plugins(host_app, version)
    settle_version(publication, version)  # a plugin may have come since the approval
    scheduled = plan.starts_at is not None and plan.starts_at > now
    others = open_releases(actor, program, host_app)
    gray = next((release for release in others if release.kind == Kind.GRAY), None)
    _check_beside(plan, scheduled, others, gray)
    if plan.kind is Kind.FULL and not scheduled:
        serving = serving_release(actor, program, host_app)
        if serving is not None and serving.version_id == version.pk and gray is None:
            raise AlreadyReleased(version=str(version), host_app=str(host_app))
    list_program(actor, program, host_app)
    newest = Release.objects.of(actor.workspace).filter(host_app=host_app, program=program)
    release = Release(
        workspace=actor.workspace,
        host_app=host_app,
        program=program,
        version=version,
        serial=(newest.aggregate(Max("serial"))["serial__max"] or 0) + 1,
        kind=plan.kind,
        state=move(plan.kind, State.DRAFT, Act.SCHEDULE if scheduled else Act.START),
        share=plan.share if plan.kind is Kind.GRAY else 0,
        stickiness=plan.stickiness,
        cohort=ids.new(),
        conditions=audience.conditions,
        segment_ids=audience.segments,
        allowlist_users=audience.users_set,
        allowlist_users_count=audience.users_count,
        allowlist_devices=audience.devices_set,
        allowlist_devices_count=audience.devices_count,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        apply=plan.apply,
        network=plan.network,
        note=clean(plan.note),
        started_by=actor.person_id,
        started_by_name=actor.name[:150],
        changed_at=now,
    )
    if gray is not None and plan.kind is Kind.GRAY:
        release.cohort = gray.cohort
    if gray is not None and plan.kind is not Kind.TRIAL and not scheduled:
        release.supersedes = gray
        _end_gray(actor, publication, release, gray)
    release.save(force_insert=True)
    publication.changed("program", program.program_id)
    settle_dependents(publication, program)
    action = "release.scheduled" if scheduled else "release.started"
    record(actor=actor, action=action, target=release, after=described(release))
    return release


def _check_beside(plan: ReleasePlan, scheduled: bool, others: list[Release], gray: Release | None) -> None:
    """Refuse what cannot stand beside the open releases of the same program."""
    if plan.kind is Kind.GRAY and scheduled and gray is not None:
        raise PlanInvalid(reason=_("a gray release is open already. Start its successor at once, or end it first."))
    if plan.kind is Kind.TRIAL and sum(release.kind == Kind.TRIAL for release in others) >= MOST_TRIALS:
        raise PlanInvalid(reason=_("there are {count} trials already. End one first.").format(count=MOST_TRIALS))


def _end_gray(actor: Actor, publication: Publication, full_or_gray: Release, gray: Release | None = None) -> None:
    """End the open gray for a release that takes its place: completed by a full one of its version, else superseded."""
    if gray is None:
        others = open_releases(actor, full_or_gray.program, publication.host_app)
        gray = next((release for release in others if release.kind == Kind.GRAY), None)
        if gray is None:
            return
    same = full_or_gray.kind == Kind.FULL and full_or_gray.version_id == gray.version_id
    act = Act.COMPLETE if same and gray.state != State.SCHEDULED else Act.SUPERSEDE
    reason = _("Release {serial} took its place.").format(serial=full_or_gray.serial)
    action = "release.completed" if act is Act.COMPLETE else "release.superseded"
    step(actor, publication, gray, act, reason, action)
