"""The figures that prediction has to reach on public data, by the command that anybody can run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def backtest(path: Path, *options: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("backtest_churn", str(path), *options, "--json", stdout=out)
    (line,) = out.getvalue().splitlines()
    told: dict[str, Any] = json.loads(line)
    return told


@pytest.fixture
def data(shared_data: Path) -> Path:
    folder = shared_data / "churn"
    if not folder.is_dir():
        pytest.skip("the churn data sets are not beside this checkout")
    return folder


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "inactive", "active", "least", "ece"), [("kwai", 7, 14, 0.862, 0.03), ("cdnow", 91, 182, 0.722, 0.05)]
)
def test_as_good_as_the_reference_and_no_worse_than_rfm(data, name, inactive, active, least, ece):
    told = backtest(data / f"{name}.parquet", "--inactive-days", str(inactive), "--active-days", str(active))
    assert set(told) == {"model", "baselines", "population", "churned", "snapshots"}
    assert set(told["model"]) == {"name", "auc", "pr_auc", "lift_at_10", "brier", "ece"}
    assert set(told["baselines"]) == {"recency", "rfm"}
    assert told["model"]["auc"] >= least
    assert told["model"]["auc"] >= told["baselines"]["rfm"]["auc"] - 0.003
    assert told["model"]["auc"] > told["baselines"]["recency"]["auc"] + 0.02
    assert told["model"]["ece"] <= ece
    assert len(told["snapshots"]) >= 3
    assert 0 < told["churned"] < told["population"]


def test_below_the_floor_a_rule_answers_and_says_so(data):
    told = backtest(
        data / "collegemsg.parquet", "--inactive-days", "7", "--active-days", "14", "--activity-events", "send"
    )
    assert told["model"]["name"] == "recency"
    assert "1000 of each are needed" in told["fallback"]


def test_a_day_whose_outcome_is_not_known_is_refused(data):
    with pytest.raises(CommandError, match="are needed to know who left"):
        backtest(data / "kwai.parquet", "--as-of", "2018-06-28")
    earlier = backtest(data / "collegemsg.parquet", "--active-days", "14", "--as-of", "2004-07-07")
    assert all(day <= "2004-06-30" for day in earlier["snapshots"])


def test_what_cannot_be_asked_is_refused(data, tmp_path):
    with pytest.raises(CommandError, match="inactive_days"):
        backtest(data / "kwai.parquet", "--inactive-days", "0")
    with pytest.raises(CommandError, match="cannot be read"):
        backtest(tmp_path / "nothing.parquet")
