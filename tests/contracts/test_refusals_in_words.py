"""A refusal that a person reads is whole in his language: what is missing, where it stands, what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import gettext, override

from analytics import errors as analytics_errors
from analytics.churn.definition import Definition, DefinitionInvalid
from analytics.reports.asking import Filter, Span
from analytics.reports.errors import ReportInvalid
from analytics.reports.funnel import FunnelQuestion
from analytics.reports.retention import RetentionQuestion
from analytics.reports.trend import Unit
from ferry.kernel import errors as kernel_errors
from ferry.kernel.errors import NotFound
from miniapps import errors as miniapps_errors
from miniapps.images import Unusable, _decode
from push import errors as push_errors
from push.rules.campaigns import Act, State
from push.wording import ACTS, STATES, not_allowed

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{3,}")
THINGS = {
    *kernel_errors.THINGS,
    *analytics_errors.THINGS,
    *miniapps_errors.THINGS,
    *push_errors.THINGS,
}
DAY = date(2026, 9, 1)
WEEK = Span(DAY, DAY + timedelta(days=6))


def test_everything_that_may_be_missing_has_a_name_in_chinese():
    said = {
        found
        for room in ("platform", "analytics", "miniapps", "push", "console")
        for path in (ROOT / room).rglob("*.py")
        for found in re.findall(r'NotFound\(kind="([^"]+)"', path.read_text())
    }
    assert len(said) > 5
    assert said <= THINGS, "name it in THINGS of the app's errors, and in the catalog"
    with override("zh-hans"):
        assert [name for name in sorted(THINGS) if not CHINESE.search(gettext(name))] == []
        assert not ENGLISH.search(NotFound(kind="host app").text())
    assert NotFound(kind="host app").details == {"kind": "host app"}, "programs read the same in every language"


def test_a_campaign_says_where_it_stands():
    assert set(STATES) == set(State)
    assert set(ACTS) == set(Act)
    refused = not_allowed(State.PENDING_APPROVAL, Act.UNSCHEDULE)
    assert refused.text().startswith(
        "The campaign is waiting for approval: taking it off the schedule is not possible."
    )
    assert (refused.details["state"], refused.details["act"]) == ("pending_approval", "unschedule")
    with override("zh-hans"):
        assert not ENGLISH.search(not_allowed(State.PENDING_APPROVAL, Act.UNSCHEDULE).text())


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: Span(DAY, DAY - timedelta(days=1)), id="order"),
        pytest.param(lambda: Span(DAY, DAY + timedelta(days=999)), id="long"),
        pytest.param(lambda: Span(DAY, DAY, "Nowhere"), id="zone"),
        pytest.param(lambda: Span(date(1960, 1, 1), date(1960, 1, 1)), id="past"),
        pytest.param(lambda: Filter.parse("?"), id="filter"),
        pytest.param(lambda: FunnelQuestion(WEEK, ("a",)), id="steps"),
        pytest.param(lambda: FunnelQuestion(WEEK, ("a", "b"), window=timedelta(0)), id="window"),
        pytest.param(lambda: FunnelQuestion(WEEK, ("a", "b"), top=0), id="top"),
        pytest.param(lambda: RetentionQuestion(WEEK, Unit.HOUR), id="unit"),
        pytest.param(lambda: RetentionQuestion(Span(DAY, DAY + timedelta(days=200))), id="periods"),
        pytest.param(lambda: Definition(inactive_days=0), id="inactive"),
        pytest.param(lambda: Definition(active_days=0), id="active"),
        pytest.param(lambda: Definition(activity_events=("x",) * 99), id="many"),
        pytest.param(lambda: Definition(activity_events=("push_arrived",)), id="never"),
        pytest.param(lambda: _decode(b"no picture"), id="picture"),
    ],
)
def test_a_reason_is_said_in_the_language_of_whoever_asks(ask: Callable[[], Any]):
    def reason() -> str:
        with pytest.raises((ReportInvalid, DefinitionInvalid, Unusable)) as refused:
            ask()
        return str(refused.value)

    assert not CHINESE.search(reason())
    with override("zh-hans"):
        assert CHINESE.search(reason())
