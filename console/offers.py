"""What a page offers to do: which buttons a person gets. The services decide again; here nobody is let in.

Pure functions of rows and rights, so that no page shows a button that must fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ferry.kernel.identity.actors import Actor
from ferry.kernel.identity.models import Environment, HostApp
from ferry.kernel.identity.rights import Right
from miniapps.models import Listing, Release, Review, ReviewState, Version
from miniapps.releases import OPEN, Act, Kind, NoMove, State, move
from push.models import Campaign
from push.rules import campaigns


@dataclass(frozen=True, slots=True)
class ReviewCell:
    """One version on one host app: where its review stands and what the person may do about it."""

    app: HostApp
    review: Review | None
    state: str
    releases: list[Release]
    own: bool  # the person uploaded or submitted it
    may_submit: bool = False
    may_promote: bool = False
    may_decide: bool = False
    may_withdraw: bool = False
    may_release: bool = False
    may_return: bool = False


def review_cells(
    *, actor: Actor, version: Version, apps: Sequence[HostApp], reviews: Iterable[Review], releases: Sequence[Release]
) -> list[ReviewCell]:
    """The version on every host app. `reviews` and `releases` are of its program, newest first."""
    newest: dict[str, Review] = {}
    for review in reviews:
        if review.version_id == version.pk:
            newest.setdefault(review.host_app_id, review)
    tested = any(
        app.environment == Environment.TEST and _state(newest.get(app.pk)) == ReviewState.APPROVED for app in apps
    )
    return [_cell(actor, version, app, newest.get(app.pk), releases, tested) for app in apps]


def _cell(
    actor: Actor, version: Version, app: HostApp, review: Review | None, releases: Sequence[Release], tested: bool
) -> ReviewCell:
    state = _state(review)
    approved, waiting = state == ReviewState.APPROVED, state == ReviewState.SUBMITTED
    fits = app.active and bool(set(app.platforms) & set(version.host_range))
    free = fits and not approved and not waiting
    promotes = tested and app.environment == Environment.PRODUCTION
    own = actor.person_id in {version.uploaded_by, review.submitted_by if review else ""}
    here = [release for release in releases if release.host_app_id == app.pk]
    serving = next((one for one in here if one.kind == Kind.FULL and one.state == State.RUNNING), None)
    newer = any(one.version.code > version.code and one.state in OPEN for one in here)
    released = approved and app.active and actor.may(Right.RELEASE)
    return ReviewCell(
        app=app,
        review=review,
        state=state,
        releases=[one for one in here if one.version_id == version.pk][:6],
        own=own,
        may_submit=free and not promotes and actor.may(Right.SUBMIT),
        may_promote=free and promotes and actor.may(Right.SUBMIT),
        may_decide=waiting and not own and actor.may(Right.REVIEW),
        may_withdraw=waiting and actor.may(Right.SUBMIT),
        may_release=released and (serving is None or serving.version_id != version.pk),
        may_return=released and newer,
    )


def _state(review: Review | None) -> str:
    return review.state if review else "none"


def release_acts(actor: Actor, release: Release) -> dict[str, bool]:
    """What can be done to a release now, by its state machine and the person's rights."""
    may = actor.may(Right.RELEASE)
    return {act.value: may and _moves(release, act) for act in _BUTTONS}


def campaign_acts(actor: Actor, campaign: Campaign) -> dict[str, bool]:
    """What can be done to a campaign now. Nobody is offered to approve what he has written in."""
    state = campaigns.State(campaign.state)
    write, approve = actor.may(Right.PUSH_WRITE), actor.may(Right.PUSH_APPROVE)
    others = actor.person_id not in campaign.writers
    allowed = {campaigns.Act.APPROVE: approve and others, campaigns.Act.RETURN: approve}
    return {act.value: allowed.get(act, write) and campaigns.move(state, act) is not None for act in _CAMPAIGN_BUTTONS}


_CAMPAIGN_BUTTONS = (
    campaigns.Act.EDIT,
    campaigns.Act.SUBMIT,
    campaigns.Act.APPROVE,
    campaigns.Act.RETURN,
    campaigns.Act.SCHEDULE,
    campaigns.Act.UNSCHEDULE,
    campaigns.Act.STOP,
    campaigns.Act.DELETE,
)
_BUTTONS = (Act.CHANGE_SHARE, Act.PAUSE, Act.RESUME, Act.COMPLETE, Act.ROLL_BACK)


def _moves(release: Release, act: Act) -> bool:
    try:
        move(Kind(release.kind), State(release.state), act)
    except NoMove:
        return False
    return True


@dataclass(slots=True)
class AppNow:
    """What a mini-program is on one host app at the moment."""

    app: HostApp
    listing: Listing | None = None
    full: Release | None = None
    grays: list[Release] = field(default_factory=list)
    trials: list[Release] = field(default_factory=list)


def now_on_apps(
    apps: Sequence[HostApp], releases: Iterable[Release], listings: Iterable[Listing | None] = ()
) -> list[AppNow]:
    """Open releases of one program sorted by host app; of several running full ones the newest counts."""
    by_app = {app.pk: AppNow(app) for app in apps}
    for release in releases:
        now = by_app.get(release.host_app_id)
        if now is None or release.state not in OPEN:
            continue
        if release.kind == Kind.GRAY:
            now.grays.append(release)
        elif release.kind == Kind.TRIAL:
            now.trials.append(release)
        elif release.state == State.RUNNING and now.full is None:
            now.full = release
    for listing in listings:
        if listing is not None and listing.host_app_id in by_app:
            by_app[listing.host_app_id].listing = listing
    return list(by_app.values())


def unreleased(approved: Iterable[Review], newest: Mapping[tuple[str, str], int]) -> list[Review]:
    """Approvals that nobody has used: per host app and program the newest one above everything released there.

    `newest` holds the highest version code ever released, by host app and program.
    """
    best: dict[tuple[str, str], Review] = {}
    for review in approved:
        place = (review.host_app_id, review.version.program_id)
        above = review.version.code > newest.get(place, 0)
        if above and (place not in best or review.version.code > best[place].version.code):
            best[place] = review
    return list(best.values())
