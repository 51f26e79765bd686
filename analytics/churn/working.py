"""Training once a week and scoring once a day, for every host app that predicts. Runs in the heavy pool.

One host app at a time under a lease; every write begins with the lease's fence, so a worker that was suspended writes
nothing after another has taken over. A lost or doubled tick does no harm: what is due stands in the rows. Scores are
written as a run of their own, in batches, and shown all at once when the run is complete.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from analytics.churn import bands, keeping, selectors, source
from analytics.churn.errors import ModelUnusable
from analytics.churn.models import ChurnModel, ChurnRun, ChurnScore, ChurnSetting
from analytics.churn.rollup import TABLE, BadHistory
from analytics.segments import predictions
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.jobs.services import Held, alone

if TYPE_CHECKING:
    from analytics.churn.features import Matrix
    from analytics.churn.training import Trained

log = logging.getLogger(__name__)

LEASE_S = 600.0  # longer than any single step between two renewals
AGAIN = timedelta(days=7)
SOONER = timedelta(days=1)  # while only a rule answers: the next day may have enough history
AFTER_REFUSAL = timedelta(hours=1)  # how long a withdrawn consent may still be in a segment
KEPT_MODELS = 10
CHUNK = 50_000  # users whose features are in memory at once
BATCH = 2_000  # scores in one transaction
_PLACES = 10_000_000


def work_due(*, train: bool = True, score: bool = True) -> int:
    """Train and score whatever is due now; how many host apps were worked on."""
    done = 0
    for row in due(train=train, score=score):
        with alone(f"churn.{row.host_app_id}", LEASE_S) as held:
            if held is None:
                continue
            done += _work(row, held, train=train, score=score)
    return done


def due(*, train: bool = True, score: bool = True) -> list[ChurnSetting]:
    """The host apps for which something is due. Cheap, and needs no scikit-learn: ticks ask this first."""
    now = clock.now()
    rows = ChurnSetting.objects.unscoped().filter(active=True).select_related("workspace").order_by("train_after")
    return [
        row
        for row in rows
        if (train and row.train_after <= now) or (score and (row.run_id != row.filled_run_id or _score_due(row, now)))
    ]


def _work(row: ChurnSetting, held: Held, *, train: bool, score: bool) -> bool:
    """Whether anything was done: another worker may have done it since the row was read."""
    fresh = ChurnSetting.objects.unscoped().filter(pk=row.pk, active=True).select_related("workspace").first()
    now, worked = clock.now(), False
    if fresh is not None and train and fresh.train_after <= now:
        train_one(fresh, held)
        worked = True
    if fresh is not None and score and _score_due(fresh, now):
        score_one(fresh, held)
        worked = True
    if fresh is not None and fresh.run_id != fresh.filled_run_id:
        fill_segments(fresh)
        worked = True
    return worked


def train_one(row: ChurnSetting, held: Held) -> ChurnModel | None:
    """A new model from everything before today, examined on users whose outcome is known. None without events."""
    from analytics.churn.weekly import learn

    app = identity.host_app(row.workspace, row.host_app_id)
    definition, today = row.definition(), clock.now().date()
    try:
        with source.stored(app, definition, today=today) as stored:
            learned = learn(stored, definition, today=today, alive=held.fence)
    except BadHistory:
        _postpone(row, held, {"code": "no_events"})
        return None
    trained, exam = learned.trained, learned.exam
    probability, gone = (exam.probability, exam.gone) if exam else (trained.exam, trained.exam_gone)
    made = ChurnModel(
        workspace=row.workspace,
        host_app_id=row.host_app_id,
        revision=row.revision,
        definition=definition.as_json(),
        name=trained.name,
        as_of=today,
        snapshots=[day.isoformat() for day in trained.snapshots],
        trials={name: round(value, 4) for name, value in trained.trials.items()},
        quality=exam.model.rounded() if exam else None,
        baselines={name: told.rounded() for name, told in exam.baselines.items()} if exam else {},
        exam_day=learned.exam_day if exam else None,
        population=len(gone),
        churned=int(gone.sum()),
        bands={name: told.as_json() for name, told in bands.examine(probability, gone, row.thresholds()).items()},
        fallback=learned.fallback,
    )
    keeping.pack(made, trained)
    _keep(row, made, held)
    return made


def score_one(row: ChurnSetting, held: Held) -> ChurnRun | None:
    """Score everybody as of this morning and show it. None when there is no usable model."""
    from analytics.churn import features

    app = identity.host_app(row.workspace, row.host_app_id)
    today = clock.now().date()
    made = ChurnModel.objects.of(row.workspace).filter(pk=row.model_id).first()
    if made is None:
        return None
    try:
        model = keeping.unpack(made)
    except ModelUnusable as broken:
        log.warning("churn model %s: %s", made.pk, broken)
        with transaction.atomic():
            held.fence()
            _of(row).update(train_after=clock.now(), problem={"code": "model_unusable"}, model_id="")
        return None
    _sweep(row, held)
    run = ChurnRun(workspace=row.workspace, host_app_id=app.pk, model_id=made.pk, snapshot=today)
    with transaction.atomic():
        held.fence()
        run.save(force_insert=True)
    counts: Counter[str] = Counter()
    histogram = [0] * 10
    try:
        with source.stored(app, model.definition, today=today) as stored:
            duckdb, meant = stored.connection, model.definition
            people = features.population(duckdb, TABLE, definition=meant, snapshot=today)
            for part in features.Part.each(people, CHUNK):
                matrix = features.build(duckdb, TABLE, definition=meant, snapshot=today, events=model.events, part=part)
                for batch in _batches(_scored(made, run, model, matrix, sum(counts.values()))):
                    with transaction.atomic():
                        held.fence()
                        ChurnScore.objects.insert(batch)
                    counts.update(score.band for score in batch)
                    for score in batch:
                        histogram[min(9, score.score // 10)] += 1
    except BadHistory:
        log.info("nobody of %s may be scored", app.pk)
    run.users, run.counts, run.histogram, run.done = sum(counts.values()), dict(counts), histogram, True
    problem = made.fallback or (None if run.users else {"code": "nobody_active"})
    with transaction.atomic():
        held.fence()
        run.save(update_fields=["users", "counts", "histogram", "done"])
        _of(row).update(run_id=run.pk, problem=problem)
    row.run_id = run.pk
    _sweep(row, held)
    return run


def fill_segments(row: ChurnSetting) -> None:
    """Give every segment that follows this host app's prediction the users of today. May be repeated."""
    for segment in predictions.of_app(row.workspace, row.host_app_id).select_related("workspace"):
        members = selectors.band_users(row.workspace, row.host_app_id, segment.predicted_band)
        predictions.refill(segment, members)
    _of(row).filter(run_id=row.run_id).update(filled_run_id=row.run_id)


def _score_due(row: ChurnSetting, now: datetime) -> bool:
    """Once a day and with every new model; after a withdrawn consent within the hour."""
    if not row.model_id:
        return False
    run = ChurnRun.objects.of(row.workspace).filter(pk=row.run_id).first() if row.run_id else None
    if run is None or run.snapshot < now.date() or run.model_id != row.model_id:
        return True
    if now - run.created_at < AFTER_REFUSAL:
        return False
    app = identity.host_app(row.workspace, row.host_app_id)
    return source.refused_since(app, int(run.created_at.timestamp() * 1000))


def _scored(made: ChurnModel, run: ChurnRun, model: Trained, matrix: Matrix, before: int) -> Iterator[ChurnScore]:
    from analytics.churn import threads
    from analytics.churn.reasons import explain

    if not len(matrix.users):
        return
    with threads.few():
        probability = model.score(matrix.values)
        why = explain(model, matrix.values, probability)
    scores, thresholds = bands.scores_of(probability), _thresholds(made)
    for place, user in enumerate(matrix.users):
        score = int(scores[place])
        yield ChurnScore(
            workspace_id=run.workspace_id,
            run=run,
            host_app_id=run.host_app_id,
            user=str(user),
            probability=round(float(probability[place]), 6),
            score=score,
            band=thresholds.band(score).value,
            place=round(float(probability[place]) * 1_000_000) * _PLACES + before + place,
            reasons=why[place],
        )


def _thresholds(made: ChurnModel) -> bands.Thresholds:
    """Those that the model was examined with: what is said of a band holds for the users that are put into it."""
    begins = {name: told["from_score"] for name, told in made.bands.items()}
    return bands.Thresholds(high=begins[bands.Band.HIGH], medium=begins[bands.Band.MEDIUM])


def _batches(scores: Iterator[ChurnScore]) -> Iterator[list[ChurnScore]]:
    batch: list[ChurnScore] = []
    for score in scores:
        batch.append(score)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _keep(row: ChurnSetting, made: ChurnModel, held: Held) -> None:
    """Store the model and let it score; a definition that has changed meanwhile keeps its own training due."""
    now = clock.now()
    with transaction.atomic():
        held.fence()
        made.save(force_insert=True)
        again = now + (SOONER if made.fallback else AGAIN)
        _of(row).filter(revision=row.revision).update(model_id=made.pk, train_after=again, problem=made.fallback)
        old = ChurnModel.objects.of(row.workspace).filter(host_app_id=row.host_app_id).order_by("-id")
        gone = list(old.values_list("pk", flat=True)[KEPT_MODELS:])
        old.model.objects.of(row.workspace).filter(pk__in=gone).delete()
        told = {"host_app": row.host_app_id, "name": made.name, "quality": made.quality, "fallback": made.fallback}
        record(actor=system(row.workspace), action="churn.trained", target=made, after=told)
    row.refresh_from_db(from_queryset=ChurnSetting.objects.of(row.workspace))


def _postpone(row: ChurnSetting, held: Held, problem: dict[str, object]) -> None:
    with transaction.atomic():
        held.fence()
        _of(row).filter(revision=row.revision).update(train_after=clock.now() + SOONER, problem=problem)


def _sweep(row: ChurnSetting, held: Held) -> None:
    """Delete the scores of runs that are not shown: older ones, and what a worker that died left half done."""
    shown = _of(row).values_list("run_id", flat=True).get()
    runs = ChurnRun.objects.of(row.workspace).filter(host_app_id=row.host_app_id).exclude(pk=shown)
    for run in runs:
        while True:
            some = list(ChurnScore.objects.of(row.workspace).filter(run=run).values_list("pk", flat=True)[:BATCH])
            with transaction.atomic():
                held.fence()
                ChurnScore.objects.of(row.workspace).filter(pk__in=some).delete()
                if not some:
                    run.delete()
            if not some:
                break


def _of(row: ChurnSetting) -> QuerySet[ChurnSetting]:
    return ChurnSetting.objects.of(row.workspace).filter(pk=row.pk)
