"""What the reports say about a small, known history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from analytics.reports import running
from analytics.reports.active import active_users
from analytics.reports.asking import Filter, Span
from analytics.reports.errors import ReportInvalid, ReportTooHeavy
from analytics.reports.funnel import FunnelQuestion, funnel
from analytics.reports.health import Health, version_health
from analytics.reports.retention import RetentionQuestion, retention
from analytics.reports.timeline import live, timeline
from analytics.reports.trend import Measure, TrendQuestion, Unit, trend
from ferry.journal.records import moment
from ferry.kernel.errors import NotFound
from ferry.kernel.identity import services as identity
from tests.analytics.events.sending import send, track
from tests.journal.world import DAY, HOUR, NOON, World

DAY_MS = 24 * HOUR
BEGIN = DAY - timedelta(days=9)
WEEK = Span(DAY - timedelta(days=6), DAY)


def on(platform: str, **more: Any) -> dict[str, Any]:
    return {"platform": platform, **more}


@pytest.fixture
def shop(world: World) -> World:
    """ann is there every day, bob began two days ago, eve was there nine days ago only."""
    events = []
    for back in range(10):
        at = NOON - back * DAY_MS
        events.append(track("open", user="ann", at=at, context=on("ios"), properties={"city": "Xiamen"}))
        if back <= 2:
            events.append(track("open", user="bob", at=at, context=on("android"), properties={"city": "Wuhan"}))
    events.append(track("open", user="eve", at=NOON - 9 * DAY_MS, context=on("android")))
    events.append(track("pay", user="ann", at=NOON + HOUR // 2, context=on("ios"), properties={"sum": 3}))
    events.append(track("pay", user="bob", at=NOON - 2 * DAY_MS - HOUR, context=on("android")))
    events.append({"type": "identify", "userId": "ghost", "traits": {}})
    send(world, *events, received=NOON + HOUR)
    world.load()
    return world


def test_a_trend_counts_events_or_users_for_each_day(shop: World):
    opens = trend(shop.workspace, shop.app.id, TrendQuestion(WEEK, events=("open",)))
    assert [at.date() for at in opens.times] == WEEK.days()
    (series,) = opens.series
    assert (series.points, series.total) == ([1, 1, 1, 1, 2, 2, 2], 10)
    users = trend(shop.workspace, shop.app.id, TrendQuestion(WEEK, measure=Measure.USERS))
    assert (users.series[0].points, users.series[0].total) == ([1, 1, 1, 1, 2, 2, 2], 2)


def test_a_trend_is_told_apart_by_a_column_or_a_property(shop: World):
    asked = TrendQuestion(Span(BEGIN, DAY), events=("open",), breakdown="properties.city", unit=Unit.MONTH, top=1)
    found = trend(shop.workspace, shop.app.id, asked)
    assert [(each.value, each.other, each.total) for each in found.series] == [
        ("Xiamen", False, 10),
        (None, False, 1),
        (None, True, 3),
    ]
    only = TrendQuestion(WEEK, breakdown="platform", filters=(Filter("platform", ("android",)),))
    assert [(each.value, each.total) for each in trend(shop.workspace, shop.app.id, only).series] == [("android", 4)]


def test_days_are_those_of_the_zone(world: World):
    """20:00 UTC is tomorrow in Shanghai."""
    send(world, track("late", at=NOON + 8 * HOUR), received=NOON + 9 * HOUR)
    world.load()
    for zone, day in (("UTC", DAY), ("Asia/Shanghai", DAY + timedelta(days=1))):
        asked = TrendQuestion(Span(day, day, zone), unit=Unit.HOUR)
        (series,) = trend(world.workspace, world.app.id, asked).series
        assert series.total == 1, zone
        assert active_users(world.workspace, world.app.id, Span(day, day, zone))[0].daily == 1
    empty = TrendQuestion(Span(DAY, DAY, "Asia/Shanghai"))
    assert trend(world.workspace, world.app.id, empty).series[0].total == 0


def test_active_users_of_the_day_the_week_and_the_month(shop: World):
    days = active_users(shop.workspace, shop.app.id, WEEK)
    assert [day.daily for day in days] == [1, 1, 1, 1, 2, 2, 2]
    assert [day.weekly for day in days] == [2, 2, 2, 2, 2, 2, 2], "eve left the week as bob entered it"
    assert [day.monthly for day in days] == [2, 2, 2, 2, 3, 3, 3]


class TestFunnel:
    """Steps in order, within a window."""

    def test_order_and_window_count(self, shop: World):
        asked = FunnelQuestion(Span(BEGIN, DAY), ("open", "pay"), timedelta(hours=2))
        found = funnel(shop.workspace, shop.app.id, asked)
        assert found.users == [3, 1], "bob paid before he opened, eve never did"
        assert found.seconds == [0.0, 1800.0]
        patient = FunnelQuestion(Span(BEGIN, DAY), ("open", "pay"), timedelta(days=2))
        assert funnel(shop.workspace, shop.app.id, patient).users == [3, 1]
        reverse = FunnelQuestion(Span(BEGIN, DAY), ("pay", "open", "open"), timedelta(days=3))
        assert funnel(shop.workspace, shop.app.id, reverse).users == [2, 1, 1]

    def test_breakdown_by_the_first_steps_value(self, shop: World):
        asked = FunnelQuestion(Span(BEGIN, DAY), ("open", "pay"), breakdown="properties.city", top=1)
        groups = funnel(shop.workspace, shop.app.id, asked).groups
        assert [(group.value, group.other, group.users) for group in groups] == [
            ("Wuhan", False, [1, 0]),
            (None, False, [1, 0]),
            (None, True, [1, 1]),
        ]

    def test_nobody(self, shop: World):
        asked = FunnelQuestion(WEEK, ("no such event", "pay"), breakdown="platform")
        found = funnel(shop.workspace, shop.app.id, asked)
        assert (found.users, found.groups, found.seconds) == ([0, 0], [], [None, None])

    @pytest.mark.parametrize("wrong", [{"steps": ("one",)}, {"window": timedelta(0)}, {"top": 0}])
    def test_a_wrong_question(self, wrong: dict[str, Any]):
        with pytest.raises(ReportInvalid):
            FunnelQuestion(**{"span": WEEK, "steps": ("a", "b"), **wrong})


def test_retention_by_day_and_by_week(shop: World):
    cohorts = retention(shop.workspace, shop.app.id, RetentionQuestion(Span(BEGIN, DAY), first="open"))
    assert [(cohort.start, cohort.size) for cohort in cohorts if cohort.size] == [
        (BEGIN, 2),
        (DAY - timedelta(days=2), 1),
    ]
    assert cohorts[0].returned == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert cohorts[7].returned == [1, 1, 1]
    weekly = retention(shop.workspace, shop.app.id, RetentionQuestion(Span(BEGIN, DAY), unit=Unit.WEEK, then="pay"))
    assert sum(cohort.size for cohort in weekly) == 3
    assert all(cohort.start.weekday() == 0 for cohort in weekly)


def test_one_users_timeline_newest_first(shop: World):
    found = timeline(shop.workspace, shop.app.id, user="bob")
    assert [each.event for each in found] == ["open", "open", "open", "pay"]
    older = timeline(shop.workspace, shop.app.id, user="bob", before=found[1].ts, limit=1)
    assert [each.ts for each in older] == [found[2].ts]
    assert timeline(shop.workspace, shop.app.id, user="' OR 1=1 --") == []
    with pytest.raises(ReportInvalid):
        timeline(shop.workspace, shop.app.id)


def test_the_live_view_shows_the_newest_and_names_nobody(shop: World):
    send(shop, track("just now", user="zoe"), received=NOON + HOUR + 1)
    shop.load()
    found = live(shop.workspace, shop.app.id, limit=3)
    assert found[0].event == "just now"
    assert len(found) == 3
    assert "zoe" not in repr(found)


def test_versions_new_beside_old(world: World):
    events = []
    for number in range(10):
        for code in (1, 2):
            program = {"id": "card", "version": code}
            platform = "ios" if number < 5 else "android"
            where = on(platform, mini_program=program, os={"version": "14" if number < 8 else "15"})
            events.append(track("$open", user=f"u{number}", context=where))
            if code == 2 and number >= 8:
                events += [track("$error", user=f"u{number}", context=where) for _ in range(3)]
    events.append(track("$error", context={"mini_program": {"id": "shop", "version": 1}}))
    send(world, *events)
    world.load()
    found = version_health(world.workspace, world.app.id, "card", WEEK)
    assert {code: (each.opens, each.errors, each.users) for code, each in found.items()} == {
        1: (10, 0, 10),
        2: (10, 6, 10),
    }
    assert found[2].by_platform == {"android": Health(5, 6, 5, 2), "ios": Health(5, 0, 5, 0)}
    assert found[2].by_os["android", "15"].errors_per_open == 3.0
    assert found[2].by_os["android", "14"].errors == 0


def test_without_events_every_report_is_empty(world: World):
    assert trend(world.workspace, world.app.id, TrendQuestion(WEEK)).series[0].total == 0
    assert {day.monthly for day in active_users(world.workspace, world.app.id, WEEK)} == {0}
    assert funnel(world.workspace, world.app.id, FunnelQuestion(WEEK, ("a", "b"))).users == [0, 0]
    assert {cohort.size for cohort in retention(world.workspace, world.app.id, RetentionQuestion(WEEK))} == {0}
    assert timeline(world.workspace, world.app.id, user="ann") == []
    assert live(world.workspace, world.app.id) == []
    assert version_health(world.workspace, world.app.id, "card", WEEK) == {}


def test_another_workspace_finds_no_app(shop: World):
    stranger = identity.create_workspace(name="Elsewhere")
    for ask in (
        lambda: trend(stranger, shop.app.id, TrendQuestion(WEEK)),
        lambda: timeline(stranger, shop.app.id, user="ann"),
        lambda: live(stranger, shop.app.id),
        lambda: version_health(stranger, shop.app.id, "card", WEEK),
    ):
        with pytest.raises(NotFound):
            ask()


NASTY = "x') OR 1=1; DROP VIEW events; --"


def test_what_people_type_is_never_sql(shop: World):
    asked = TrendQuestion(WEEK, events=(NASTY,), breakdown=f"properties.{NASTY}", filters=(Filter("event", (NASTY,)),))
    assert trend(shop.workspace, shop.app.id, asked).series == []
    for wrong in (NASTY, "properties.", "user_id", "properties." + "x" * 300):
        with pytest.raises(ReportInvalid):
            trend(shop.workspace, shop.app.id, TrendQuestion(WEEK, breakdown=wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        (DAY, BEGIN, "UTC"),
        (DAY - timedelta(days=500), DAY, "UTC"),
        (BEGIN, DAY, "Mars"),
        (date(1, 1, 1), date(1, 1, 2), "UTC"),
    ],
)
def test_spans_have_bounds(wrong: tuple[date, date, str]):
    with pytest.raises(ReportInvalid):
        Span(*wrong)


def test_an_answer_that_takes_too_long_is_given_up(shop: World):
    slow = "SELECT count(*) FROM range(1_000_000) a, range(1_000_000) b WHERE (a.range * b.range) % 7 = 3"
    with pytest.raises(ReportTooHeavy):
        running.run(shop.workspace, shop.app.id, WEEK, lambda c: c.execute(slow).fetchall(), seconds=0.2)


def test_too_many_rows_are_refused_before_they_are_read(shop: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "MOST_ROWS", 3)
    with pytest.raises(ReportTooHeavy):
        trend(shop.workspace, shop.app.id, TrendQuestion(WEEK))
    assert moment(NOON).date() == DAY
