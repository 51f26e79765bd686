"""What others read of churn prediction. Every function names the workspace first and sees nothing outside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from analytics.churn.bands import Band
from analytics.churn.errors import NoPrediction
from analytics.churn.models import ChurnModel, ChurnRun, ChurnScore, ChurnSetting
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import Workspace


@dataclass(frozen=True, slots=True)
class BandState:
    """A band now: where it begins, how many users are in it, and what the exam said of it."""

    band: str
    from_score: int
    users: int
    on: bool  # off: too few of its users left in the exam, or too few to tell; then nobody is targeted by it
    exam_users: int
    exam_left: int
    precision: float


def setting(workspace: Workspace, host_app_id: str) -> ChurnSetting | None:
    """The definition of a host app; None where prediction was never switched on. Raises NotFound."""
    app = identity.host_app(workspace, host_app_id)
    return ChurnSetting.objects.of(workspace).filter(host_app_id=app.pk).first()


def setting_or_default(workspace: Workspace, host_app_id: str) -> ChurnSetting:
    """As `setting`; where prediction was never switched on, what it would begin with, switched off and not stored."""
    return setting(workspace, host_app_id) or ChurnSetting(workspace=workspace, host_app_id=host_app_id, active=False)


def models(workspace: Workspace, host_app_id: str) -> QuerySet[ChurnModel]:
    """The models that are kept, without their bytes. Raises NotFound."""
    app = identity.host_app(workspace, host_app_id)
    return ChurnModel.objects.of(workspace).filter(host_app_id=app.pk).defer("blob").order_by("-id")


def model(workspace: Workspace, host_app_id: str) -> ChurnModel | None:
    """The model behind the scores that are shown, with its quality beside the baselines."""
    shown = run(workspace, host_app_id)
    return None if shown is None else models(workspace, host_app_id).filter(pk=shown.model_id).first()


def run(workspace: Workspace, host_app_id: str) -> ChurnRun | None:
    """The scoring whose scores are shown; None before the first, and while prediction is switched off."""
    row = setting(workspace, host_app_id)
    if row is None or not row.active or not row.run_id:
        return None
    return ChurnRun.objects.of(workspace).filter(pk=row.run_id, done=True).first()


def scores(workspace: Workspace, host_app_id: str, *, band: str = "", user: str = "") -> QuerySet[ChurnScore]:
    """The scores that are shown, to be paged by `place`: the riskiest first. Raises NotFound, NoPrediction."""
    shown = run(workspace, host_app_id)
    if shown is None:
        raise NoPrediction
    rows = ChurnScore.objects.of(workspace).filter(run=shown).order_by("-place")
    if band:
        rows = rows.filter(band=band)
    return rows.filter(user=user) if user else rows


def bands(workspace: Workspace, host_app_id: str) -> list[BandState]:
    """High, medium, low; empty while there are no scores. Raises NotFound."""
    shown, behind = run(workspace, host_app_id), model(workspace, host_app_id)
    if shown is None or behind is None:
        return []
    return [
        BandState(
            band=band.value,
            from_score=behind.bands[band.value]["from_score"],
            users=shown.counts.get(band.value, 0),
            on=behind.bands[band.value]["on"],
            exam_users=behind.bands[band.value]["users"],
            exam_left=behind.bands[band.value]["left"],
            precision=behind.bands[band.value]["precision"],
        )
        for band in Band
    ]


def band_users(workspace: Workspace, host_app_id: str, band: str) -> Iterator[str]:
    """The ids of a band's users, in order; nobody while the band is switched off or there are no scores.

    Whoever sends to them checks consent once more: it may have been withdrawn since the scoring. Raises NotFound.
    """
    states = {state.band: state for state in bands(workspace, host_app_id)}
    if band not in states or not states[band].on:
        return iter(())
    rows = scores(workspace, host_app_id, band=band).order_by("user").values_list("user", flat=True)
    return rows.iterator(chunk_size=5000)
