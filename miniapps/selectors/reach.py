"""Who gets what: devices on each version, what a plan would change, why one device gets what it gets.

All of it compiles the very part that is published (miniapps.snapshot) and asks the one decision over it
(miniapps.offers), so an answer here is the answer that a device gets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from analytics import selectors as analytics
from analytics.values import DeviceContext
from ferry.kernel import clock, ids
from ferry.kernel.errors import NotFound
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing import sets as stored_sets
from ferry.kernel.targeting import HostRange, Reasons
from miniapps import snapshot
from miniapps.models import Listing, MiniProgram, Release, Version
from miniapps.offers import ProgramOffers, compile_program
from miniapps.plans import check_plan
from miniapps.releases import Kind, ReleasePlan, State
from miniapps.segments import segment_rules

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace

MOST_DEVICES = 20_000  # of one dry run; deciding for all of them takes 0.13 s on one core
_PLANNED = "planned"  # the id of a release that exists only in a dry run


@dataclass(frozen=True, slots=True)
class VersionReach:
    """How many devices report one version as installed."""

    code: int
    name: str  # empty for a version that Ferry does not know
    devices: int


@dataclass(frozen=True, slots=True)
class Population:
    """The devices of one program on one host app, by version, newest first."""

    versions: tuple[VersionReach, ...]

    @property
    def devices(self) -> int:
        """All of them."""
        return sum(reach.devices for reach in self.versions)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a plan would do to the devices that were seen last. Counts are devices."""

    considered: int
    before: Mapping[int | None, int]  # version code that they are offered now; None for nothing
    after: Mapping[int | None, int]
    reached: int  # would be offered the planned version by this release
    changed: int  # would be offered another version than now
    outside_range: int  # their host app cannot open the planned version


@dataclass(frozen=True, slots=True)
class Step:
    """One release that was asked for a device, and what it said."""

    release: Release
    chosen: bool
    paused: bool  # left out, because it is paused and the device does not have the version
    reasons: Reasons
    recalled: bool = False  # judged by an invitation that the device showed when it checked in last


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a device gets what it gets of one program."""

    device: DeviceContext
    installed: int | None
    withdrawn: str | None  # the message; None while the program is not withdrawn
    release: Release | None  # the one that decided; None: the program is not available to this device
    steps: tuple[Step, ...]


def release_population(host_app: HostApp, program: MiniProgram) -> Population:
    """How many devices report each version of a program, as the loader has counted them."""
    counts = analytics.version_counts(host_app.workspace, host_app.pk, program.program_id)
    known = Version.objects.of(host_app.workspace).filter(program=program, code__in=list(counts))
    names = dict(known.values_list("code", "name"))
    rows = (VersionReach(code, names.get(code, ""), devices) for code, devices in counts.items())
    return Population(tuple(sorted(rows, key=lambda row: -row.code)))


def dry_run(
    workspace: Workspace,
    host_app: HostApp,
    version: Version,
    plan: ReleasePlan,
    *,
    of: Release | None = None,
    limit: int = MOST_DEVICES,
) -> DryRun:
    """Decide for the devices seen last, as things are and as the plan would make them. Raises PlanInvalid.

    `of` is the open release that the plan is about: the plan takes its place, and its invitations with it.

    A new gray draws a new cohort when it really starts, so the count is exact and the devices may be others; one that
    would supersede the open gray keeps its cohort, and the devices are the same.
    """
    check_plan(workspace, plan)
    program = version.program
    current = snapshot.open_releases(host_app, program)
    invited = snapshot.invitations(host_app, current)
    planned, segments = _with_plan(host_app, current, version, plan, of), set(plan.segments)
    lists = {f"{_PLANNED}-users": frozenset(plan.users), f"{_PLANNED}-devices": frozenset(plan.devices)}
    now = _compiled(host_app, program, current, invited)
    taken_over = {_PLANNED: invited[of.pk]} if of is not None and of.pk in invited else {}
    then = _compiled(host_app, program, planned, {**invited, **taken_over}, extra_sets=lists, extra_segments=segments)
    moment = clock.now().timestamp()
    later = max(moment, plan.starts_at.timestamp()) if plan.starts_at else moment
    fits = HostRange.parse(version.host_range)
    before: Counter[int | None] = Counter()
    after: Counter[int | None] = Counter()
    reached = changed = outside = 0
    devices = analytics.recent_devices(workspace, host_app.pk, min(limit, MOST_DEVICES))
    for device in devices:
        installed = device.installed.get(program.program_id)
        held = _held(invited, device.releases.get(program.program_id, ""))
        context = device.on(host_app, now=moment, invitations=held)
        had = now.decide(context, installed)
        will = then.decide(replace(context, now=later), installed)
        before[had.code if had else None] += 1
        after[will.code if will else None] += 1
        changed += (had.code if had else None) != (will.code if will else None)
        reached += will is not None and will.release_id == _PLANNED
        outside += not fits.admits(device.platform, device.host_version)
    return DryRun(len(devices), before, after, reached, changed, outside)


def plan_of(release: Release, *, share: int) -> ReleasePlan:
    """What a release says, its named users and devices too, with another share: for a dry run of it."""
    lists = published.parts(sha for sha in (release.allowlist_users, release.allowlist_devices) if sha)
    users, devices = (
        tuple(stored_sets.decode(lists[sha])) if sha else ()
        for sha in (release.allowlist_users, release.allowlist_devices)
    )
    return ReleasePlan(
        kind=Kind(release.kind),
        share=share,
        stickiness=release.stickiness,
        users=users,
        devices=devices,
        conditions=tuple(release.conditions),
        segments=tuple(release.segment_ids),
        invited=release.kind == Kind.TRIAL,
    )


def explain(
    workspace: Workspace,
    host_app: HostApp,
    program: MiniProgram,
    *,
    device_id: str = "",
    context: DeviceContext | None = None,
    trials: Collection[str] | None = None,
) -> Explanation:
    """Why a device, known by its id or described, gets what it gets now. Raises NotFound.

    `trials` are the invitations that it shows. None: as it last checked in. Which one it showed then is not kept, only
    which release it got; where that was a trial that nothing but an invitation lets it into, it counts as invited.
    """
    device = context if context is not None else analytics.device(workspace, host_app.pk, device_id)
    if device is None:
        raise NotFound(kind="device")
    releases = snapshot.open_releases(host_app, program)
    by_id = {release.pk: release for release in releases}
    invited = snapshot.invitations(host_app, releases)
    offers = _compiled(host_app, program, releases, invited)
    installed = device.installed.get(program.program_id)
    now, recalled = clock.now().timestamp(), ""
    held = frozenset(sha256(token.encode()).hexdigest() for token in trials or ())
    asked = offers.explain(device.on(host_app, now=now, invitations=held), installed)
    if trials is None and invited:
        last = analytics.last_release(workspace, host_app.pk, device, program.program_id)
        if last in invited and not any(one.reasons.matched for one, _ in asked if one.offer.gives.release_id == last):
            recalled = last
            asked = offers.explain(device.on(host_app, now=now, invitations=_held(invited, last)), installed)
    steps = tuple(
        Step(
            by_id[one.offer.gives.release_id],
            one.chosen,
            paused,
            one.reasons,
            recalled=one.reasons.matched and one.offer.gives.release_id == recalled,
        )
        for one, paused in asked
    )
    chosen = next((step.release for step in steps if step.chosen), None)
    return Explanation(device, installed, offers.withdrawn, chosen, steps)


def _held(invited: snapshot.Invited, release_id: str) -> frozenset[str]:
    """The invitations to a trial, for a device that was let into it: it showed one of them."""
    return frozenset(sha for sha, _until in invited.get(release_id, ()))


def _with_plan(
    host_app: HostApp, current: Sequence[Release], version: Version, plan: ReleasePlan, of: Release | None
) -> list[Release]:
    """The open releases as they would be once the plan has started."""
    current = [release for release in current if of is None or release.pk != of.pk or plan.kind is Kind.GRAY]
    gray = next((release for release in current if release.kind == Kind.GRAY), None)
    stays = [release for release in current if plan.kind is Kind.TRIAL or release is not gray]
    planned = Release(
        id=_PLANNED,
        workspace=host_app.workspace,
        host_app=host_app,
        program=version.program,
        version=version,
        serial=max((release.serial for release in current), default=0) + 1,
        kind=plan.kind,
        state=State.RUNNING,
        share=plan.share,
        stickiness=plan.stickiness,
        cohort=gray.cohort if gray is not None else ids.new(),
        conditions=[dict(condition) for condition in plan.conditions],
        segment_ids=list(plan.segments),
        allowlist_users=f"{_PLANNED}-users" if plan.users else "",
        allowlist_devices=f"{_PLANNED}-devices" if plan.devices else "",
        ends_at=plan.ends_at,
    )
    return [*stays, planned]


def _compiled(
    host_app: HostApp,
    program: MiniProgram,
    releases: Sequence[Release],
    invited: snapshot.Invited,
    *,
    extra_sets: Mapping[str, Collection[str]] | None = None,
    extra_segments: Collection[str] = (),
) -> ProgramOffers:
    """The part that these releases would be published as, ready to be asked."""
    listing = Listing.objects.of(host_app.workspace).filter(host_app=host_app, program=program).first()
    part = snapshot.compose(
        program,
        listing or Listing(host_app=host_app, program=program),
        releases,
        {},
        {},
        invited,
    )
    named = set(extra_segments).union(*(release.segment_ids for release in releases))
    found = published.parts(sha for sha in part.sets if len(sha) == 64)
    sets = {sha: stored_sets.decode(body) for sha, body in found.items()}
    return compile_program(
        part.body, segments=segment_rules(host_app.workspace, named), sets={**sets, **(extra_sets or {})}
    )
