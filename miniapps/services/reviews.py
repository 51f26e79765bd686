"""Reviews: submit, approve or reject a version for one host app, promote it from test to production.

Nobody decides about what he uploaded or submitted: people are compared by `person_id`, so a token of one's own does
not help. The approval signs the package statement for that host app, and no release starts without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import Environment, HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing
from ferry.kernel.signing.services import sign
from miniapps.errors import (
    AlreadySubmitted,
    HostAppInactive,
    HostRangeMisses,
    NotApprovedInTest,
    NotProduction,
    NotSubmitted,
    OwnWork,
    ReasonMissing,
)
from miniapps.models import GrantState, ImportedVersion, MiniProgram, ReasonCode, Review, ReviewState, Version
from miniapps.services.grants import ask_with_version, drop_with_version, grant_with_version
from miniapps.services.scope import within
from miniapps.services.terms import settle_program
from miniapps.statement import package_statement

_LONGEST_TEXT = 4000


def submit_version(*, actor: Actor, version: Version, host_app: HostApp, note: str = "") -> Review:
    """Ask for approval of a version on a host app. Raises AlreadySubmitted, HostRangeMisses, HostAppInactive."""
    require(actor, Right.SUBMIT)
    within(actor, version, host_app)
    return _submit(actor=actor, version=version, host_app=host_app, note=note, source=None)


@transaction.atomic
def deliver_version(*, actor: Actor, version: Version, host_apps: Sequence[HostApp], note: str = "") -> list[Review]:
    """Develop once, deliver to many: submit a version to several host apps at once, each for a review of its own.

    All or none: what one host app refuses (see `submit_version`) leaves no submission to another.
    """
    require(actor, Right.SUBMIT)
    within(actor, version, *host_apps)
    wanted = {host_app.pk: host_app for host_app in host_apps}  # each once
    if not wanted:
        raise Invalid(reason=_("choose at least one host app."))
    tested = _approved_in_test(actor, version)
    return [
        _submit(actor=actor, version=version, host_app=each, note=note, source=tested if _production(each) else None)
        for each in wanted.values()
    ]


def promote_version(*, actor: Actor, version: Version, host_app: HostApp, note: str = "") -> Review:
    """Submit to production what is approved in test: the same version, byte for byte, with an approval of its own.

    Raises NotProduction, NotApprovedInTest, and what `submit_version` raises.
    """
    require(actor, Right.SUBMIT)
    within(actor, version, host_app)
    if not _production(host_app):
        raise NotProduction(host_app=str(host_app))
    source = _approved_in_test(actor, version)
    if source is None:
        raise NotApprovedInTest(version=str(version))
    return _submit(actor=actor, version=version, host_app=host_app, note=note, source=source)


def approve_version(*, actor: Actor, version: Version, host_app: HostApp, reason: str = "") -> Review:
    """Approve, and sign the package for this host app. Raises NotSubmitted, OwnWork."""
    return _decide(actor, version, host_app, ReviewState.APPROVED, reason)


def reject_version(
    *, actor: Actor, version: Version, host_app: HostApp, reason: str = "", codes: Iterable[str] = ()
) -> Review:
    """Reject, with reasons for the developer: words, codes of ReasonCode, or both.

    Raises NotSubmitted, OwnWork, ReasonMissing, Invalid for a code that is none.
    """
    known = [code for code in ReasonCode.values if code in set(codes)]
    if len(known) != len(set(codes)):
        raise Invalid(reason=_("reason codes are {known}.").format(known=", ".join(ReasonCode.values)))
    if not reason.strip() and not known:
        raise ReasonMissing
    return _decide(actor, version, host_app, ReviewState.REJECTED, reason, known)


def withdraw_submission(*, actor: Actor, version: Version, host_app: HostApp) -> Review:
    """Take a submission back before it is decided. Raises NotSubmitted."""
    require(actor, Right.SUBMIT)
    within(actor, version, host_app)
    with transaction.atomic():
        review = _waiting(actor, version, host_app)
        review.state = ReviewState.WITHDRAWN
        review.decided_at = clock.now()
        review.save(update_fields=["state", "decided_at"])
        drop_with_version(actor=actor, version=version, host_app=host_app, state=GrantState.WITHDRAWN)
        record(actor=actor, action="version.submission_withdrawn", target=version, after={"host_app": host_app.pk})
    return review


def _production(host_app: HostApp) -> bool:
    return host_app.environment == Environment.PRODUCTION


def _approved_in_test(actor: Actor, version: Version) -> Review | None:
    """The newest approval in a test host app, which a promotion to production refers to."""
    rows = Review.objects.of(actor.workspace).filter(version=version, state=ReviewState.APPROVED)
    return rows.filter(host_app__environment=Environment.TEST).order_by("-decided_at").first()


@transaction.atomic
def _submit(*, actor: Actor, version: Version, host_app: HostApp, note: str, source: Review | None) -> Review:
    if not host_app.active:
        raise HostAppInactive(host_app=str(host_app))
    check_range(version, host_app)
    _hold(actor, version)
    open_review = (
        Review.objects.of(actor.workspace)
        .filter(version=version, host_app=host_app, state__in=[ReviewState.SUBMITTED, ReviewState.APPROVED])
        .first()
    )
    if open_review is not None:
        state = str(ReviewState(open_review.state).label)
        raise AlreadySubmitted(version=str(version), state=state, host_app=str(host_app))
    review = Review.objects.create(
        workspace=actor.workspace,
        version=version,
        host_app=host_app,
        note=_clean(note),
        submitted_by=actor.person_id,
        submitted_by_name=actor.name[:150],
        promoted_from=source,
    )
    action = "version.submitted" if source is None else "version.promoted"
    ask_with_version(actor=actor, version=version, host_app=host_app)
    record(actor=actor, action=action, target=version, after={"host_app": host_app.pk, "review": review.pk})
    return review


def _decide(
    actor: Actor, version: Version, host_app: HostApp, verdict: ReviewState, reason: str, codes: Sequence[str] = ()
) -> Review:
    require(actor, Right.REVIEW)
    within(actor, version, host_app)
    with publishing(host_app) as publication:  # an approval brings permissions and terms, which a snapshot reads
        review = _decided(actor, version, host_app, verdict, reason, codes)
        if verdict == ReviewState.APPROVED:
            grant_with_version(actor=actor, version=version, host_app=host_app)
            settle_program(publication, version.program)
        else:
            drop_with_version(
                actor=actor, version=version, host_app=host_app, state=GrantState.REJECTED, reason=review.reason
            )
    return review


def _decided(
    actor: Actor, version: Version, host_app: HostApp, verdict: ReviewState, reason: str, codes: Sequence[str]
) -> Review:
    review = _waiting(actor, version, host_app)
    if actor.person_id in {version.uploaded_by, review.submitted_by, *_authors_elsewhere(version)}:
        raise OwnWork
    review.state = verdict
    review.decided_by = actor.person_id
    review.decided_by_name = actor.name[:150]
    review.decided_at = clock.now()
    review.reason, review.reason_codes = _clean(reason), list(codes)
    if verdict == ReviewState.APPROVED:
        signature = sign(
            workspace=actor.workspace, purpose="package", message=package_statement(host_app.app_key, version)
        )
        review.signature = signature.as_json()
    decided = ["state", "decided_by", "decided_by_name", "decided_at", "reason", "reason_codes", "signature"]
    review.save(update_fields=decided)
    record(
        actor=actor,
        action=f"version.{verdict.value}",
        target=version,
        before={"state": ReviewState.SUBMITTED.value},
        after={
            "host_app": host_app.pk,
            "review": review.pk,
            "reason": review.reason,
            "codes": review.reason_codes,
            "sha256": version.sha256,
            "kid": (review.signature or {}).get("kid"),
        },
    )
    return review


def _authors_elsewhere(version: Version) -> list[str]:
    """Who uploaded or submitted an imported version where it came from: the same account may act here too."""
    rows = ImportedVersion.objects.of(version.workspace).filter(version=version)
    return rows.values_list("authors", flat=True).first() or []


def check_range(version: Version, host_app: HostApp) -> None:
    """Refuse a version that nobody on this host app could open. Raises HostRangeMisses."""
    if not set(version.host_range) & set(host_app.platforms):
        raise HostRangeMisses(
            version=str(version),
            host_app=str(host_app),
            range_platforms=", ".join(sorted(version.host_range)),
            app_platforms=", ".join(sorted(host_app.platforms)),
        )


def _waiting(actor: Actor, version: Version, host_app: HostApp) -> Review:
    """The review that waits for a decision, behind the lock that puts its deciders in line."""
    _hold(actor, version)
    review = (
        Review.objects.of(actor.workspace)
        .filter(version=version, host_app=host_app, state=ReviewState.SUBMITTED)
        .first()
    )
    if review is None:
        raise NotSubmitted(version=str(version), host_app=str(host_app))
    return review


def _hold(actor: Actor, version: Version) -> None:
    """Reviews of a mini-program's versions stand in line: two versions may ask for the same permission."""
    MiniProgram.objects.of(actor.workspace).select_for_update(no_key=True).only("pk").get(pk=version.program_id)


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()[:_LONGEST_TEXT]
