"""What someone did before signing in belongs to the user that he signed in as, without a file being written again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analytics.churn import rollup, source
from analytics.churn.definition import Definition
from analytics.events import aliases
from analytics.reports.active import active_users
from analytics.reports.asking import Span
from analytics.reports.funnel import FunnelQuestion, funnel
from analytics.reports.retention import RetentionQuestion, retention
from analytics.reports.timeline import timeline
from analytics.reports.trend import Measure, TrendQuestion, trend
from ferry.journal.models import StoredFile
from ferry.kernel import clock
from tests.analytics.events.sending import iso, send, track
from tests.journal.world import DAY, HOUR, NOON, World

SPAN = Span(DAY - timedelta(days=6), DAY)
DAY_MS = 24 * HOUR


def anonymous(event: str, who: str, at: int = NOON) -> dict[str, Any]:
    return track(event, user=None, anonymousId=who, at=at)  # type: ignore[arg-type]


def identify(user: str, who: str, at: int = NOON) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "anonymousId": who, "timestamp": iso(at), "traits": {"plan": "gold"}}


def names(world: World, user: str) -> list[str]:
    """The events of a user's timeline, oldest first."""
    return [each.event for each in reversed(timeline(world.workspace, world.app.id, user=user))]


@pytest.fixture
def shop(world: World) -> World:
    """ann looked around two days ago, signed in yesterday and paid; bob never signed in."""
    send(world, anonymous("look", "a1", NOON - 2 * DAY_MS), anonymous("look", "b1", NOON - 2 * DAY_MS))
    world.load()
    send(world, identify("ann", "a1", NOON - DAY_MS))
    world.load()
    send(world, track("pay", user="ann", at=NOON - DAY_MS + HOUR), anonymous("look", "b1", NOON - DAY_MS))
    world.load()
    return world


def test_a_funnel_goes_on_after_signing_in(shop: World):
    asked = FunnelQuestion(SPAN, ("look", "pay"), window=timedelta(days=7))
    assert funnel(shop.workspace, shop.app.id, asked).users == [2, 1]


def test_retention_and_active_users_count_one_person(shop: World):
    (cohort,) = [each for each in retention(shop.workspace, shop.app.id, RetentionQuestion(SPAN)) if each.size]
    assert (cohort.size, cohort.returned[1]) == (2, 2)
    assert active_users(shop.workspace, shop.app.id, SPAN)[-1].weekly == 2
    (users,) = trend(shop.workspace, shop.app.id, TrendQuestion(SPAN, measure=Measure.USERS)).series
    assert users.total == 2


def test_a_timeline_begins_before_signing_in(shop: World):
    assert names(shop, "ann") == ["look", "$identify", "pay"]
    assert {each.user_id for each in timeline(shop.workspace, shop.app.id, user="ann")} == {"ann"}


def test_a_question_about_days_before_the_sign_in_knows_it_too(shop: World):
    """The identify call itself lies in no file of those days."""
    early = Span(DAY - timedelta(days=3), DAY - timedelta(days=2))
    asked = TrendQuestion(early, measure=Measure.USERS)
    assert trend(shop.workspace, shop.app.id, asked).series[0].total == 2
    before = clock.now() - timedelta(days=1, hours=12)
    assert [each.event for each in timeline(shop.workspace, shop.app.id, user="ann", before=before)] == ["look"]


def test_predictions_know_the_time_before_too(shop: World):
    with source.stored(shop.app, Definition(), today=DAY) as found:
        rows = found.connection.execute(f"SELECT user_id, event FROM {rollup.TABLE} ORDER BY ALL").fetchall()
    assert rows == [("ann", "look"), ("ann", "pay")]


def test_an_alias_call_names_the_id_of_before(world: World):
    send(world, anonymous("look", "old"))
    send(world, {"type": "alias", "previousId": "old", "userId": "ann", "timestamp": iso(NOON)})
    world.load()
    assert names(world, "ann") == ["look", "$alias"]


def test_a_bound_device_is_its_users(world: World):
    """Ferry's own way of signing in; the device's events carry the user only from then on."""
    edge = world.edge()
    send(world, track("look", user="", at=NOON), edge=edge, device_id="d1")
    edge.report("device", **world.device("d1"))
    edge.report("bind", **world.bind("d1", "ann", at=NOON + 5))
    send(world, track("pay", user="", at=NOON + 10), received=NOON + 10, edge=edge, device_id="d1", user="ann")
    world.load()
    assert names(world, "ann") == ["look", "pay"]


def test_a_phone_that_is_handed_on_keeps_its_users_apart(world: World):
    at = NOON - DAY_MS
    send(
        world,
        anonymous("1", "p", at),
        identify("ann", "p", at + 1000),
        anonymous("2", "p", at + 2000),
        identify("bob", "p", at + 3000),
        anonymous("3", "p", at + 4000),
        identify("bob", "p", at + 5000),
    )
    world.load()
    assert names(world, "ann") == ["1", "$identify"]
    assert names(world, "bob") == ["2", "$identify", "3", "$identify"]


def test_who_is_signed_in_keeps_his_name(world: World):
    send(world, identify("ann", "p"), track("tap", user="eve", anonymousId="p"), identify("", "p"))
    world.load()
    assert names(world, "eve") == ["tap"]
    assert names(world, "ann") == ["$identify", "$identify"], "an identify call without a user signs nobody in"


def test_the_id_of_another_app_says_nothing(world: World):
    send(world, anonymous("look", "a1"))
    other = World(name="Elsewhere")
    send(other, identify("ann", "a1"))
    world.load()
    assert names(world, "ann") == []


def test_many_sign_ins_become_one_file_that_names_each_once(world: World):
    for step in range(3):
        send(world, identify("ann", "a1", NOON - step * HOUR), identify(f"u{step}", f"x{step}"))
        world.load()
    with clock.frozen(clock.now() + timedelta(hours=3)):
        world.compact()
        (file,) = StoredFile.objects.filter(table=aliases.TABLE, host_app_id=world.app.id)
        assert file.rows == 4
        send(world, anonymous("look", "a1", NOON - 3 * HOUR))
        world.load()
    assert names(world, "ann")[0] == "look"
