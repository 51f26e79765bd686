"""What a training of a host app consists of: an exam of the procedure in the past, then the model for today."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from analytics.churn import training
from analytics.churn.backtest import Backtest, backtest, latest
from analytics.churn.definition import Definition
from analytics.churn.rollup import TABLE
from analytics.churn.source import Stored
from analytics.churn.training import Trained

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learned:
    """The model of today and how the same procedure did on users whose outcome is known by now.

    No `exam` where the history is too short for one; `fallback` says why a rule stands in for a model.
    """

    trained: Trained
    exam: Backtest | None
    exam_day: date
    fallback: dict[str, str | int] | None


def learn(stored: Stored, definition: Definition, *, today: date, alive: training.Alive) -> Learned:
    """Examine and train on everything before `today`."""
    connection, first_day, yesterday = stored.connection, stored.first_day, today - timedelta(days=1)
    exam_day = latest(definition, yesterday)
    exam: Backtest | None = None
    fallback: dict[str, str | int] | None = None
    try:
        exam = backtest(
            connection,
            TABLE,
            definition=definition,
            first_day=first_day,
            last_day=yesterday,
            as_of=exam_day,
            alive=alive,
        )
    except training.TooLittleHistory as short:
        log.info("no backtest: %s", short)
    try:
        trained = training.train(
            connection, TABLE, definition=definition, first_day=first_day, as_of=today, alive=alive
        )
    except training.TooLittleHistory as short:
        fallback = short.as_json()
        trained = training.rule(
            connection, TABLE, definition=definition, first_day=first_day, as_of=today, why=str(short)
        )
    if exam is not None and bool(exam.fallback) != bool(trained.fallback):
        exam = None  # the exam of a rule says nothing about a model, nor the other way round
    return Learned(trained, exam, exam_day, fallback)
