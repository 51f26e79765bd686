"""From history to one calibrated model: build snapshots, let candidates compete in time order, calibrate, keep medians.

No step looks past the day it predicts from: the champion is chosen on a snapshot that lies a full window after all
that its candidates learned from, and the calibration uses out-of-fold scores of the newest closed snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import duckdb
import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from analytics.churn import candidates, features, threads
from analytics.churn.candidates import Bools, Floats
from analytics.churn.definition import FLOOR, RULE_FLOOR, Definition, training_snapshots

FOLDS = 3
# A richer model must beat a simpler one by this much AUC; else the simpler one is kept.
WORTH = 0.001
MOST_ROWS = 200_000  # (user, snapshot) rows of one training: more teach next to nothing and take memory

Alive = Callable[[], None]


def _nothing() -> None:
    """Nobody has to be told that training goes on."""


class TooLittleHistory(ValueError):
    """There is no closed snapshot to learn from, or one class has fewer than the floor of examples."""

    def __init__(self, message: str, *, code: str = "short_history", **details: int) -> None:
        super().__init__(message)
        self.code, self.details = code, details

    def as_json(self) -> dict[str, str | int]:
        """What analytics.churn.wording puts into words, for whom and when it is read."""
        return {"code": self.code, **self.details}


@dataclass(frozen=True, slots=True)
class Examples:
    """One snapshot with its outcomes."""

    matrix: features.Matrix
    gone: Bools


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps raw scores to probabilities: isotonic from 1,000 positives on, else Platt's logistic; None: as they are."""

    model: Any = None

    def apply(self, raw: Floats) -> Floats:
        if self.model is None:
            return raw
        if isinstance(self.model, IsotonicRegression):
            # Isotonic steps tie many users; a hair of the raw score keeps their order without moving the meaning.
            return np.asarray(np.clip(self.model.predict(raw) * 0.999 + raw * 0.001, 0.0, 1.0), dtype=np.float64)
        return np.asarray(self.model.predict_proba(raw.reshape(-1, 1))[:, 1], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to score: `name` of the candidate, columns in order, top events, population medians for reasons.

    `fallback` says why it is only a rule; `exam` and `exam_gone` are out-of-fold probabilities and what happened.
    """

    name: str
    definition: Definition
    as_of: date
    snapshots: tuple[date, ...]
    events: tuple[str, ...]
    names: tuple[str, ...]
    medians: Floats
    candidate: candidates.Candidate
    calibration: Calibration
    trials: dict[str, float]
    exam: Floats
    exam_gone: Bools
    fallback: str = ""

    def score(self, values: Floats) -> Floats:
        """Calibrated probability of leaving for each row of features."""
        return self.calibration.apply(self.candidate.predict(values))


def collect(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    definition: Definition,
    first_day: date,
    as_of: date,
    events: tuple[str, ...],
    alive: Alive = _nothing,
) -> list[Examples]:
    """The closed snapshots before `as_of`, newest first, with what became of everyone in them, as known at `as_of`."""
    days = training_snapshots(definition, first_day=first_day, as_of=as_of)
    found = []
    for snapshot in days:
        people = features.population(connection, table, definition=definition, snapshot=snapshot)
        part = features.Part.at_most(people, MOST_ROWS // len(days))
        matrix = features.build(connection, table, definition=definition, snapshot=snapshot, events=events, part=part)
        gone = features.labels(connection, table, definition=definition, matrix=matrix, known_before=as_of)
        found.append(Examples(matrix, gone))
        alive()
    return [each for each in found if len(each.gone)]


def train(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    definition: Definition,
    first_day: date,
    as_of: date,
    alive: Alive = _nothing,
) -> Trained:
    """The champion of the candidates, calibrated. Raises TooLittleHistory below the floor of examples.

    `alive` is called between the steps, each of which takes seconds: whoever holds a lease renews it there.
    """
    events = features.top_events(connection, table, as_of - timedelta(days=definition.inactive_days))
    examples = collect(
        connection, table, definition=definition, first_day=first_day, as_of=as_of, events=events, alive=alive
    )
    return learn(examples, definition=definition, as_of=as_of, events=events, alive=alive)


def learn(
    examples: list[Examples], *, definition: Definition, as_of: date, events: tuple[str, ...], alive: Alive = _nothing
) -> Trained:
    """As `train`, from snapshots that are built already."""
    if not examples:
        raise TooLittleHistory("the history is shorter than two windows of inactivity")
    latest = examples[0]
    left, stayed = int(latest.gone.sum()), int((~latest.gone).sum())
    if min(left, stayed) < FLOOR:
        raise TooLittleHistory(
            f"{left} users left and {stayed} stayed; {FLOOR} of each are needed",
            code="few_examples",
            left=left,
            stayed=stayed,
            needed=FLOOR,
        )
    with threads.few():
        name, trials, raw = choose(examples, definition, alive)
        calibration = calibrate(raw, latest.gone)
        values, outcomes = stack(examples)
        model = candidates.make(name, latest.matrix.names).fit(values, outcomes)
    alive()
    return Trained(
        name=name,
        definition=definition,
        as_of=as_of,
        snapshots=tuple(each.matrix.snapshot for each in examples),
        events=events,
        names=latest.matrix.names,
        medians=np.median(latest.matrix.values, axis=0),
        candidate=model,
        calibration=calibration,
        trials=trials,
        exam=calibration.apply(raw),
        exam_gone=latest.gone,
    )


def rule(
    connection: duckdb.DuckDBPyConnection, table: str, *, definition: Definition, first_day: date, as_of: date, why: str
) -> Trained:
    """The recency rule, a fallback marked with `why`: fitted where there is something to fit it to, else an order."""
    events = features.top_events(connection, table, as_of)
    examples = collect(connection, table, definition=definition, first_day=first_day, as_of=as_of, events=events)
    matrix = (
        examples[0].matrix
        if examples
        else features.build(connection, table, definition=definition, snapshot=as_of, events=events)
    )
    names = matrix.names
    medians = np.median(matrix.values, axis=0) if len(matrix.users) else np.zeros(len(names))
    candidate: candidates.Candidate = candidates.Silence(names, definition.active_days)
    exam, exam_gone = np.zeros(0), np.zeros(0, dtype=bool)
    days: tuple[date, ...] = ()
    if examples and min(examples[0].gone.sum(), (~examples[0].gone).sum()) >= RULE_FLOOR:
        with threads.few():
            exam, exam_gone = _folds_of("recency", examples), examples[0].gone
            candidate = candidates.make("recency", names).fit(*stack(examples))
        days = tuple(each.matrix.snapshot for each in examples)
    return Trained(
        "recency", definition, as_of, days, events, names, medians, candidate, Calibration(), {}, exam, exam_gone, why
    )


def choose(
    examples: list[Examples], definition: Definition, alive: Alive = _nothing
) -> tuple[str, dict[str, float], Floats]:
    """The candidate with the best AUC over two exams on the newest closed snapshot; with its out-of-fold scores.

    One in time order: learn only from snapshots a full window older (what it will live through, but it sees little
    history). One across people: out-of-fold (all the history, but the same days). The mean of both decides; where the
    log is too short for the first, the second alone. Candidates are ordered from simple to rich, and a richer one
    must be worth it.
    """
    latest = examples[0]
    names = latest.matrix.names
    horizon = latest.matrix.snapshot - timedelta(days=definition.inactive_days)
    across = {name: np.zeros(len(latest.gone)) for name in candidates.CHALLENGERS}
    for values, gone, held in _each_fold(examples):
        for name, raw in candidates.exam(names, values, gone, latest.matrix.values[held]).items():
            across[name][held] = raw
        alive()
    exams = [across]
    older = [each for each in examples[1:] if each.matrix.snapshot <= horizon]
    if older:
        values, gone = stack(older)
        if gone.any() and not gone.all():
            exams.append(candidates.exam(names, values, gone, latest.matrix.values))
        alive()
    trials = {
        name: float(np.mean([roc_auc_score(latest.gone, told[name]) for told in exams]))
        for name in candidates.CHALLENGERS
    }
    best = candidates.CHALLENGERS[0]
    for name in candidates.CHALLENGERS[1:]:
        if trials[name] > trials[best] + WORTH:
            best = name
    return best, trials, across[best]


def calibrate(raw: Floats, gone: Bools) -> Calibration:
    """From out-of-fold scores of the newest closed snapshot: tenure shifts between snapshots, so the newest it is."""
    if gone.sum() >= FLOOR:
        return Calibration(IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(raw, gone))
    return Calibration(LogisticRegression().fit(raw.reshape(-1, 1), gone))


def stack(examples: list[Examples]) -> tuple[Floats, Bools]:
    """All rows of some snapshots together."""
    return np.vstack([each.matrix.values for each in examples]), np.concatenate([each.gone for each in examples])


def _folds_of(name: str, examples: list[Examples]) -> Floats:
    raw = np.zeros(len(examples[0].gone))
    for values, gone, held in _each_fold(examples):
        model = candidates.make(name, examples[0].matrix.names).fit(values, gone)
        raw[held] = model.predict(examples[0].matrix.values[held])
    return raw


def _each_fold(examples: list[Examples]) -> Iterator[tuple[Floats, Bools, Bools]]:
    """To learn from, and whom of the newest snapshot to ask: nobody of those is learned from, in any snapshot."""
    folds = [_fold(each.matrix.users) for each in examples]
    for fold in range(FOLDS):
        values = np.vstack([each.matrix.values[mine != fold] for each, mine in zip(examples, folds, strict=True)])
        gone = np.concatenate([each.gone[mine != fold] for each, mine in zip(examples, folds, strict=True)])
        yield values, gone, folds[0] == fold


def _fold(users: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """A user's fold from his identifier: the same in every snapshot and every process."""
    return np.fromiter((crc32(str(user).encode()) % FOLDS for user in users), dtype=np.int64, count=len(users))
