"""What is known on the morning of a snapshot, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analytics.churn import candidates, features, rollup, training
from analytics.churn.definition import Definition, DefinitionInvalid, training_snapshots
from tests.analytics.churn.conftest import history

TODAY = date(2026, 3, 1)
SNAPSHOT = TODAY - timedelta(days=10)
WEEK = Definition(7, 7)


@pytest.fixture
def log(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """Sixty days of 400 users, rolled up."""
    connection = duckdb.connect(config={"threads": "1"})
    rollup.from_file(connection, history(tmp_path / "h.parquet", users=400, until=TODAY))
    return connection


def known(log: duckdb.DuckDBPyConnection, snapshot: date = SNAPSHOT, definition: Definition = WEEK) -> features.Matrix:
    return features.build(log, "daily", definition=definition, snapshot=snapshot, events=("open", "pay", "read"))


def happens(
    log: duckdb.DuckDBPyConnection, user: str, day: date, *, known: date | None = None, event: str = "open"
) -> None:
    log.execute("INSERT INTO daily VALUES (?, ?, ?, ?, 5, 99.0, 0, 1)", [user, event, day, known or day])


def test_what_happens_on_the_snapshot_day_or_later_changes_no_feature(log):
    before = known(log)
    for user in before.users[:50]:
        for ahead in range(9):
            happens(log, str(user), SNAPSHOT + timedelta(days=ahead), event="a new one")
    log.execute("DELETE FROM daily WHERE day >= ?", [SNAPSHOT + timedelta(days=4)])
    after = known(log)
    assert after.names == before.names
    assert list(after.users) == list(before.users)
    np.testing.assert_array_equal(after.values, before.values)


def test_what_a_phone_delivers_late_is_not_known_earlier(log):
    """That it delivers at all says that its user is back: features of a past morning must not see it."""
    before = known(log)
    happens(log, str(before.users[0]), SNAPSHOT - timedelta(days=2), known=SNAPSHOT)
    np.testing.assert_array_equal(known(log).values, before.values)
    happens(log, str(before.users[0]), SNAPSHOT - timedelta(days=2), known=SNAPSHOT - timedelta(days=1))
    assert (known(log).values[0] != before.values[0]).any()


def test_shuffled_outcomes_cannot_be_predicted(log):
    """If they could, the features would hold something that the outcomes were made from."""
    snapshots = training_snapshots(WEEK, first_day=TODAY - timedelta(days=60), as_of=SNAPSHOT)
    assert max(snapshots) + timedelta(days=7) <= SNAPSHOT
    examples = training.collect(
        log, "daily", definition=WEEK, first_day=TODAY - timedelta(days=60), as_of=SNAPSHOT, events=("open",)
    )
    test = features.build(log, "daily", definition=WEEK, snapshot=SNAPSHOT, events=("open",))
    gone = features.labels(log, "daily", definition=WEEK, matrix=test)
    values, outcomes = training.stack(examples)

    def auc(learned: np.ndarray) -> float:
        model = candidates.make("boosting", test.names).fit(values, learned)
        return float(roc_auc_score(gone, model.predict(test.values)))

    order = np.random.default_rng(7)
    assert auc(outcomes) > 0.65
    assert abs(np.mean([auc(order.permutation(outcomes)) for _ in range(5)]) - 0.5) < 0.1


def test_only_named_events_are_activity_and_a_received_push_never_is(log, tmp_path):
    everybody = len(known(log).users)
    payers = len(known(log, definition=Definition(7, 7, ("pay",))).users)
    assert 0 < payers < everybody
    with pytest.raises(DefinitionInvalid):
        Definition(7, 7, ("Push Notification Received",))
    pushed = tmp_path / "pushed.csv"
    pushed.write_text("user_id,event,day\na,Push Notification Received,2026-02-27\nb,open,2026-02-27\n")
    rollup.from_file(log, pushed)
    assert list(known(log, TODAY).users) == ["b"]


def test_labels_are_those_of_the_window(log):
    matrix = known(log)
    gone = features.labels(log, "daily", definition=WEEK, matrix=matrix)
    leaver = str(matrix.users[gone][0])
    happens(log, leaver, SNAPSHOT + timedelta(days=7))
    assert features.labels(log, "daily", definition=WEEK, matrix=matrix)[matrix.users == leaver].all()
    happens(log, leaver, SNAPSHOT + timedelta(days=6))
    assert not features.labels(log, "daily", definition=WEEK, matrix=matrix)[matrix.users == leaver].any()


def test_parts_are_everybody_once(log):
    whole = known(log)
    parts = [
        features.build(log, "daily", definition=WEEK, snapshot=SNAPSHOT, events=("open", "pay", "read"), part=part)
        for part in features.Part.each(len(whole.users), 100)
    ]
    assert len(parts) > 1
    assert sorted(user for part in parts for user in part.users) == sorted(whole.users)
    some = features.Part.at_most(len(whole.users), 100)
    picked = features.build(log, "daily", definition=WEEK, snapshot=SNAPSHOT, events=("open",), part=some)
    assert 50 < len(picked.users) < 150


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("h.txt", "user_id,event,day\n", "use a .csv"),
        ("h.csv", "user,event,day\na,b,2026-01-01\n", "no column user_id"),
        ("h.csv", "user_id,event\na,b\n", "timestamp or day"),
        ("h.csv", "user_id,event,day\na,b,soon\n", "h.csv"),
        ("h.csv", "user_id,event,day\n,b,2026-01-01\n", "no events"),
        ("h.parquet", "not parquet at all", "cannot be read"),
    ],
)
def test_a_file_that_is_no_history_is_refused_in_words(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(rollup.BadHistory, match=words):
        rollup.from_file(duckdb.connect(), path)
