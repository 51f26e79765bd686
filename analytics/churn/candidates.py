"""The models that compete, from a rule that fits on a card to boosted trees. The backtest chooses; habit does not.

This module and those that import it need scikit-learn, about 100 MB once loaded: only jobs and commands import them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SEED = 20260101

BASELINES = ("recency", "rfm")
CHALLENGERS = ("rfm", "wide", "boosting", "mean")  # from simple to rich
_MEAN_OF = ("wide", "boosting")


class Candidate(Protocol):
    """Learns from features and outcomes; then says a probability of leaving for each row."""

    def fit(self, values: Floats, gone: Bools) -> Candidate: ...

    def predict(self, values: Floats) -> Floats: ...


class Columns:
    """A scikit-learn classifier over some of the columns. Constant columns are left out: boosting raises on them."""

    def __init__(self, make: Callable[[], Any], names: tuple[str, ...], wanted: tuple[str, ...] | None) -> None:
        self._make = make
        self._places = [place for place, name in enumerate(names) if wanted is None or name in wanted]
        self._kept: list[int] = []
        self._model: Any = None

    def fit(self, values: Floats, gone: Bools) -> Columns:
        self._kept = [place for place in self._places if np.ptp(values[:, place]) > 0] or self._places[:1]
        self._model = self._make().fit(values[:, self._kept], gone)
        return self

    def predict(self, values: Floats) -> Floats:
        return np.asarray(self._model.predict_proba(values[:, self._kept])[:, 1], dtype=np.float64)


class Mean:
    """The mean of other candidates' probabilities."""

    def __init__(self, *parts: Candidate) -> None:
        self._parts = parts

    def fit(self, values: Floats, gone: Bools) -> Mean:
        for part in self._parts:
            part.fit(values, gone)
        return self

    def predict(self, values: Floats) -> Floats:
        return np.asarray(np.mean([part.predict(values) for part in self._parts], axis=0), dtype=np.float64)


class Silence:
    """Days of silence over the days asked about: an order of users for an app with nothing to learn from yet."""

    def __init__(self, names: tuple[str, ...], active_days: int) -> None:
        self._place = names.index("recency")
        self._days = active_days

    def fit(self, values: Floats, gone: Bools) -> Silence:
        return self

    def predict(self, values: Floats) -> Floats:
        return np.clip((values[:, self._place] + 1) / (self._days + 1), 0.0, 1.0)


def make(name: str, names: tuple[str, ...]) -> Candidate:
    """A fresh candidate by name, for features in the order of `names`."""
    if name == "recency":
        return Columns(_plain_logistic, names, ("recency",))
    if name == "rfm":
        spans = sorted(int(column[6:]) for column in names if column.startswith("count_"))
        often = tuple(f"{kind}_{span}" for kind in ("count", "days") for span in (spans[len(spans) // 2], spans[-1]))
        return Columns(_plain_logistic, names, ("recency", *often, "value_sum", "tenure"))
    if name == "wide":
        return Columns(_logistic, names, None)
    if name == "boosting":
        return Columns(_boosting, names, None)
    if name == "mean":
        return Mean(*(make(part, names) for part in _MEAN_OF))
    raise KeyError(name)


def exam(names: tuple[str, ...], values: Floats, gone: Bools, unseen: Floats) -> dict[str, Floats]:
    """What each challenger, having learned from `values`, says of the `unseen` rows. The mean's parts learn once."""
    told = {name: make(name, names).fit(values, gone).predict(unseen) for name in CHALLENGERS if name != "mean"}
    if "mean" in CHALLENGERS:
        told["mean"] = np.asarray(np.mean([told[part] for part in _MEAN_OF], axis=0), dtype=np.float64)
    return told


def _logistic() -> Any:
    # Newton's steps need far fewer passes than lbfgs where rows are many and columns few: a third less time.
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=200, solver="newton-cholesky"))


def _plain_logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


def _boosting() -> Any:
    return HistGradientBoostingClassifier(
        max_iter=150,
        max_leaf_nodes=8,
        learning_rate=0.05,
        l2_regularization=20.0,
        early_stopping=False,
        random_state=SEED,
    )
