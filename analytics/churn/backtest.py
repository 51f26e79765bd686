"""What the chosen model would have been worth on a past day, beside a rule of thumb and RFM, all in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from analytics.churn import candidates, features, threads, training
from analytics.churn.candidates import Bools, Floats
from analytics.churn.definition import Definition
from analytics.churn.quality import Quality, measure


@dataclass(frozen=True, slots=True)
class Backtest:
    """Quality of the champion and of the baselines on the users of `as_of`, none of whose future was seen."""

    name: str
    model: Quality
    baselines: dict[str, Quality]
    population: int
    churned: int
    snapshots: tuple[date, ...]
    fallback: str
    probability: Floats
    gone: Bools

    def report(self) -> dict[str, Any]:
        """The JSON object that `backtest_churn --json` prints. `fallback` is there only where a rule had to answer."""
        told = {
            "model": {"name": self.name, **self.model.rounded()},
            "baselines": {name: quality.rounded() for name, quality in self.baselines.items()},
            "population": self.population,
            "churned": self.churned,
            "snapshots": [day.isoformat() for day in self.snapshots],
        }
        return {**told, "fallback": self.fallback} if self.fallback else told


def latest(definition: Definition, last_day: date) -> date:
    """The newest day whose N following days the log has seen."""
    return last_day + timedelta(days=1 - definition.inactive_days)


def backtest(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    definition: Definition,
    first_day: date,
    last_day: date,
    as_of: date,
    alive: training.Alive = lambda: None,
) -> Backtest:
    """Train on what was known at `as_of`, then look at the N days that followed.

    Raises TooLittleHistory where nothing can be learned or the N days after `as_of` are not in the log.
    """
    if as_of > latest(definition, last_day):
        raise training.TooLittleHistory(
            f"the log ends on {last_day}: {definition.inactive_days} days from {as_of} on are needed to know who left"
        )
    events = features.top_events(connection, table, as_of - timedelta(days=definition.inactive_days))
    examples = training.collect(
        connection, table, definition=definition, first_day=first_day, as_of=as_of, events=events, alive=alive
    )
    people = features.population(connection, table, definition=definition, snapshot=as_of)
    part = features.Part.at_most(people, training.MOST_ROWS)
    test = features.build(connection, table, definition=definition, snapshot=as_of, events=events, part=part)
    gone = features.labels(connection, table, definition=definition, matrix=test)
    if not examples:
        raise training.TooLittleHistory(f"no snapshot before {as_of} has a closed window and users to learn from")
    values, outcomes = training.stack(examples)
    if outcomes.all() or not outcomes.any() or gone.all() or not gone.any():
        raise training.TooLittleHistory(f"before or after {as_of} everybody left or everybody stayed: nothing to learn")
    fallback, trained = "", None
    try:
        trained = training.learn(examples, definition=definition, as_of=as_of, events=events, alive=alive)
    except training.TooLittleHistory as short:
        fallback = str(short)
    with threads.few():
        told = {
            name: candidates.make(name, test.names).fit(values, outcomes).predict(test.values)
            for name in candidates.BASELINES
        }
        probability = trained.score(test.values) if trained else told["recency"]
    baselines = {name: measure(gone, raw) for name, raw in told.items()}
    return Backtest(
        name=trained.name if trained else "recency",
        model=measure(gone, probability),
        baselines=baselines,
        population=len(test.users),
        churned=int(gone.sum()),
        snapshots=tuple(each.matrix.snapshot for each in examples),
        fallback=fallback,
        probability=probability,
        gone=gone,
    )
