"""The pure rules: bands, quality, thread limits, training days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.churn import bands, quality, threads
from analytics.churn.bands import Thresholds
from analytics.churn.definition import SNAPSHOTS, Definition, DefinitionInvalid, training_snapshots

DAY = date(2026, 5, 1)


@given(st.integers(1, 60), st.integers(0, 900))
def test_no_training_window_reaches_the_day_it_predicts_from(inactive_days, history):
    first = DAY - timedelta(days=history)
    days = training_snapshots(Definition(inactive_days), first_day=first, as_of=DAY)
    window = timedelta(days=inactive_days)
    assert all(day + window <= DAY and day - window >= first for day in days)
    assert days == sorted(set(days), reverse=True)
    assert len(days) <= SNAPSHOTS
    assert bool(days) == (history >= 2 * inactive_days)


@pytest.mark.parametrize("values", [(0, 7, ()), (366, 7, ()), (7, 0, ()), (7, 731, ()), (7, 7, tuple("x" * 51))])
def test_a_definition_that_cannot_be_asked_is_refused(values):
    with pytest.raises(DefinitionInvalid):
        Definition(*values)


def test_a_band_that_does_not_hold_what_it_says_is_switched_off():
    probability = np.repeat([0.9, 0.6, 0.1], 200)
    kept = np.concatenate([np.arange(200) < 170, np.arange(200) < 110, np.arange(200) < 20])
    told = bands.examine(probability, kept, Thresholds())
    assert [told[name].on for name in ("high", "medium", "low")] == [True, True, True]
    assert told["high"].precision == 0.85
    broken = np.concatenate([np.arange(200) < 90, np.arange(200) < 110, np.arange(200) < 20])
    told = bands.examine(probability, broken, Thresholds())
    assert [told[name].on for name in ("high", "medium", "low")] == [False, True, True]


def test_a_band_with_too_few_users_to_tell_is_switched_off():
    told = bands.examine(np.full(40, 0.9), np.ones(40, dtype=bool), Thresholds())
    assert not told["high"].on
    assert not bands.examine(np.zeros(0), np.zeros(0, dtype=bool), Thresholds())["medium"].on


def test_scores_and_thresholds():
    assert list(bands.scores_of(np.array([0.0, 0.744, 0.75, 1.0, 1.2]))) == [0, 74, 75, 100, 100]
    assert [Thresholds(75, 50).band(score) for score in (49, 50, 74, 75)] == ["low", "medium", "medium", "high"]
    for high, medium in ((50, 50), (40, 60), (100, 50), (75, 0)):
        with pytest.raises(ValueError):
            Thresholds(high=high, medium=medium)


def test_quality_from_its_definitions():
    gone = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0] * 10, dtype=bool)
    perfect = quality.measure(gone, gone.astype(float))
    assert (perfect.auc, perfect.lift_at_10, perfect.brier, perfect.ece) == (1.0, 5.0, 0.0, 0.0)
    flat = quality.measure(gone, np.full(100, 0.2))
    assert (flat.auc, round(flat.ece, 6)) == (0.5, 0.0)
    assert quality.measure(gone, np.full(100, 0.7)).ece == pytest.approx(0.5)
    with pytest.raises(ValueError):
        quality.measure(np.ones(3, dtype=bool), np.ones(3))


def test_training_takes_half_of_the_cores():
    assert [threads.allowed(cores) for cores in (1, 2, 3, 4, 8, 64)] == [1, 1, 1, 2, 4, 4]
    assert threads.allowed() >= 1
