"""What an operator does: say what leaving means, ask for training, look at scores, make a segment of a band.

Training and scoring themselves are in analytics.churn.working: they run in the heavy pool, never in a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from analytics.churn import selectors
from analytics.churn.bands import Band, Thresholds
from analytics.churn.definition import Definition, DefinitionInvalid
from analytics.churn.errors import DefinitionRefused, NotPredicting
from analytics.churn.models import ChurnScore, ChurnSetting
from analytics.segments import predictions
from analytics.segments.models import Segment
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right


@transaction.atomic
def set_definition(
    *,
    actor: Actor,
    host_app_id: str,
    inactive_days: int = 7,
    active_days: int = 7,
    activity_events: Iterable[str] = (),
    high_from: int = 75,
    medium_from: int = 50,
    active: bool = True,
) -> ChurnSetting:
    """Switch prediction on for a host app, change what it means, or switch it off. A change trains anew.

    Switching it off empties the segments that follow it.

    Raises DefinitionRefused, NotFound.
    """
    require(actor, Right.MANAGE_SEGMENTS)
    app = identity.host_app(actor.workspace, host_app_id)
    wanted = _checked(inactive_days, active_days, activity_events, high_from, medium_from, active)
    rows = ChurnSetting.objects.of(actor.workspace).filter(host_app_id=app.pk)
    row = rows.select_for_update().first()
    before = None if row is None else _told(row)
    if row is None:
        row = ChurnSetting(workspace=actor.workspace, host_app_id=app.pk, revision=0)
    if before == wanted:
        return row
    for name, value in wanted.items():
        setattr(row, name, value)
    row.revision += 1
    row.train_after = row.updated_at = clock.now()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # somebody else has just made it
        raise NotPredicting from None
    if not active:
        for segment in predictions.of_app(actor.workspace, app.pk).select_related("workspace"):
            predictions.refill(segment, ())
    record(actor=actor, action="churn.defined", target=row, before=before, after={"host_app": app.pk, **wanted})
    return row


@transaction.atomic
def request_training(*, actor: Actor, host_app_id: str) -> ChurnSetting:
    """Have a model trained at the next tick instead of next week. Raises NotPredicting, NotFound."""
    require(actor, Right.MANAGE_SEGMENTS)
    row = selectors.setting(actor.workspace, host_app_id)
    if row is None or not row.active:
        raise NotPredicting
    row.train_after = clock.now()
    row.save(update_fields=["train_after"])
    record(actor=actor, action="churn.training_requested", target=row, after={"host_app": host_app_id})
    return row


@transaction.atomic
def list_scores(*, actor: Actor, host_app_id: str, band: str = "", user: str = "") -> QuerySet[ChurnScore]:
    """Scores of single users, for a person to look at; the audit log says who did. Raises NotFound, NoPrediction."""
    require(actor, Right.VIEW_DEVICES)
    rows = selectors.scores(actor.workspace, host_app_id, band=band, user=user)
    record(
        actor=actor,
        action="churn.scores_viewed",
        target=("hostapp", host_app_id),
        after={"band": band, "user": user},
    )
    return rows


def segment_of_band(*, actor: Actor, host_app_id: str, band: str, name: str = "") -> Segment:
    """The segment of a band's users, made if it is not there; every scoring fills it anew.

    A band that is switched off gives an empty segment. Raises NotPredicting, NotFound, SegmentExists, SegmentInvalid.
    """
    require(actor, Right.MANAGE_SEGMENTS)
    app = identity.host_app(actor.workspace, host_app_id)
    if band not in set(Band):
        raise NotFound(kind="band")
    if selectors.setting(actor.workspace, app.pk) is None:
        raise NotPredicting
    words = {
        Band.HIGH: _("High risk of leaving: {app}"),
        Band.MEDIUM: _("Medium risk of leaving: {app}"),
        Band.LOW: _("Low risk of leaving: {app}"),
    }
    chosen = name or words[Band(band)].format(app=app.name)[:120]
    members = selectors.band_users(actor.workspace, app.pk, band)
    return predictions.create(actor=actor, host_app=app, band=band, name=chosen, members=members)


def _checked(
    inactive_days: int, active_days: int, activity_events: Iterable[str], high_from: int, medium_from: int, active: bool
) -> dict[str, Any]:
    events = tuple(dict.fromkeys(name.strip() for name in activity_events if name.strip()))
    try:
        definition = Definition(inactive_days, active_days, events)
        thresholds = Thresholds(high=high_from, medium=medium_from)
    except DefinitionInvalid as wrong:
        raise DefinitionRefused(reason=str(wrong)) from wrong
    except ValueError as wrong:
        raise DefinitionRefused(reason=str(wrong)) from wrong
    bounds = {"high_from": thresholds.high, "medium_from": thresholds.medium}
    return {**definition.as_json(), **bounds, "active": active}


def _told(row: ChurnSetting) -> dict[str, Any]:
    bounds = {"high_from": row.high_from, "medium_from": row.medium_from}
    return {**row.definition().as_json(), **bounds, "active": row.active}
