"""The reports over the management API, as a client sees them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity import services as identity
from tests.analytics.events.sending import send, track
from tests.journal.world import DAY, World

REPORTS = {
    "reports/trend": "",
    "reports/active-users": "",
    "reports/funnel": "steps=open&steps=pay",
    "reports/retention": "",
    "reports/version-health": "program_id=card",
    "events/live": "",
}


@pytest.fixture
def shop(world: World) -> World:
    program = {"mini_program": {"id": "card", "version": 2}, "platform": "ios", "os": {"version": "18"}}
    send(
        world,
        *(track("open", user=user, properties={"city": "Xiamen"}) for user in ("ann", "bob")),
        track("pay", user="ann"),
        track("$open", user="ann", context=program),
        track("$error", user="ann", context=program),
    )
    world.load()
    return world


def get(world: World, path: str, query: str = "", role: str = "analyst") -> tuple[int, Any]:
    made = identity.create_token(actor=world.actor, name="test", roles=[role])
    path = f"/api/v1/host-apps/{world.app.id}/{path}?{query}"
    answer = Client().get(path, headers={"Authorization": f"Bearer {made.plain}"})
    return answer.status_code, answer.json()


def test_a_trend(shop: World):
    query = f"first={DAY}&last={DAY}&events=open&breakdown=properties.city&where=platform=|ios&where=type=track"
    status, found = get(shop, "reports/trend", query)
    assert status == 200
    assert found == {"times": [f"{DAY}T00:00:00"], "series": []}, "events without a platform pass no filter on it"
    status, found = get(shop, "reports/trend", f"first={DAY}&last={DAY}&events=open&breakdown=properties.city")
    assert found["series"] == [{"value": "Xiamen", "other": False, "points": [2], "total": 2}]


def test_a_funnel_a_retention_and_the_active_users(shop: World):
    status, found = get(shop, "reports/funnel", "steps=open&steps=pay&window_s=60")
    assert (status, found["users"], found["steps"]) == (200, [2, 1], ["open", "pay"])
    status, found = get(shop, "reports/retention", f"first={DAY}&last={DAY}")
    assert found == {"cohorts": [{"start": str(DAY), "size": 2, "returned": [2]}]}
    status, found = get(shop, "reports/active-users", f"first={DAY}&last={DAY}")
    assert found == {"days": [{"day": str(DAY), "daily": 2, "weekly": 2, "monthly": 2}]}


def test_versions_and_the_live_view(shop: World):
    found = get(shop, "reports/version-health", "program_id=card")[1]
    (version,) = found["versions"]
    assert (version["version_code"], version["opens"], version["errors"]) == (2, 1, 1)
    assert version["by_os"][0]["os"] == "18"
    found = get(shop, "events/live", "most=2")[1]
    assert len(found["items"]) == 2
    assert "ann" not in str(found)


def test_a_timeline_is_personal(shop: World):
    found = get(shop, "events/timeline", "user=ann")[1]
    assert [item["event"] for item in found["items"]].count("pay") == 1
    assert audit.entries(shop.workspace).filter(action="timeline.viewed", target_id="ann").count() == 1
    assert get(shop, "events/timeline", "user=ann", role="developer")[0] == 403
    assert get(shop, "events/timeline", "user=ann&device=d")[0] == 400


@pytest.mark.parametrize("path", REPORTS)
def test_who_may_ask(shop: World, path: str):
    assert get(shop, path, REPORTS[path], role="developer")[0] == 200
    for role in ("auditor", "reviewer"):
        assert get(shop, path, REPORTS[path], role=role)[0] == 403
    stranger = World(name="Elsewhere")
    stranger.app = shop.app
    assert get(stranger, path, REPORTS[path])[0] == 404


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("reports/funnel", "steps=one"),
        ("reports/funnel", ""),
        ("reports/funnel", "steps=a&steps=b&window_s=0"),
        ("reports/trend", "unit=second"),
        ("reports/trend", "where=platform"),
        ("reports/trend", "where=user_id=ann"),
        ("reports/trend", "breakdown=user_key"),
        ("reports/trend", "zone=Mars"),
        ("reports/trend", "first=2020-01-01"),
        ("reports/trend", "unknown=1"),
        ("reports/retention", "unit=hour"),
        ("events/live", "most=100000"),
        ("events/timeline", "user=%00"),
        ("events/timeline", "user=ann&before=0001-01-01T00:00:00Z"),
        ("events/timeline", "user=ann&before=9999-12-31T23:59:59Z"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(shop: World, path: str, query: str):
    status, told = get(shop, path, query)
    assert status == 400
    assert told["error"]["code"] in {"invalid", "report_invalid"}
