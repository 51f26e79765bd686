"""A campaign from the prediction page to its funnel, and the pages of figures, in a real browser."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.churn import bands, candidates, training, working
from analytics.churn import services as churn
from analytics.importing import import_events
from ferry.kernel import clock, ids
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from push import selectors
from push import services as push
from tests.analytics.churn.conftest import history
from tests.console.browser.conftest import signed_in
from tests.console.desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def predicted(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose users have a past: everybody is scored, and the high-risk ones have devices that can be reached."""
    monkeypatch.setattr(training, "FLOOR", 40)
    monkeypatch.setattr(bands, "FEWEST", 10)
    monkeypatch.setattr(candidates, "CHALLENGERS", ("rfm",))
    app = desk.world.host_app
    import_events(actor=system(desk.workspace), host_app=app, path=history(tmp_path / "history.parquet"))
    churn.set_definition(actor=desk.person(Role.OPERATOR), host_app_id=app.pk)
    working.work_due()
    desk.registered(desk.at_risk())
    return desk


def opened(desk: Desk) -> None:
    """600 opens of two versions; the new one fails on iOS 17. And a walk through three steps."""
    chance, now, sent = random.Random(4), clock.now_ms(), []

    def at(moment: int) -> str:
        return datetime.fromtimestamp(moment / 1000, UTC).isoformat()

    for number in range(600):
        code, os = chance.choice((1, 2)), chance.choice(("16", "17"))
        context = {
            "os": {"name": "iOS", "version": os},
            "mini_program": {"id": desk.world.program.program_id, "version": code},
        }
        failed = code == 2 and os == "17" and chance.random() < 0.5
        for event in ("$open", "$error") if failed else ("$open",):
            sent.append(
                {
                    "type": "track",
                    "event": event,
                    "userId": f"user-{number % 60}",
                    "messageId": ids.new(),
                    "timestamp": at(now - chance.randrange(86_400_000)),
                    "context": context,
                }
            )
    for number in range(40):
        for step, event in enumerate(("Opened", "Seat chosen", "Paid")[: 1 + number % 3]):
            sent.append(
                {
                    "type": "track",
                    "event": event,
                    "userId": f"user-{number}",
                    "messageId": ids.new(),
                    "timestamp": at(now - 3_600_000 + step * 60_000),
                }
            )
    sent.append({"type": "track", "userId": "ann", "messageId": ids.new()})
    desk.events(*sent)


def test_from_high_risk_to_the_funnel(predicted: Desk, stage, live_server):
    desk = predicted
    push.change_settings(actor=desk.person(Role.ADMIN), changes={"approval_above": 5})
    with signed_in(desk, stage, live_server, Role.OPERATOR) as tab:
        tab.goto(desk.url("prediction"))

        def in_two_clicks(page):
            page.get_by_role("link", name="Push to high risk").click()
            page.get_by_role("button", name="Keep the draft").click()
            page.get_by_text("People who get it").wait_for()
            page.get_by_text("a second member has to approve it").wait_for()

        tab.do(in_two_clicks)
        campaign = selectors.campaigns(desk.workspace).get()
        assert (campaign.audience, campaign.holdout_share) == ({"kind": "band", "band": "high"}, 3000)

        def submit(page):
            page.get_by_role("button", name="Send now").click()
            page.get_by_text("let a second member approve it").wait_for()
            page.get_by_role("button", name="Submit for approval").click()
            page.get_by_text("Waiting for approval").wait_for()
            assert not page.get_by_role("button", name="Approve").is_visible()

        tab.do(submit)
        with signed_in(desk, stage, live_server, Role.ADMIN) as other:
            other.goto(desk.url("campaign", campaign.pk))
            other.do(lambda page: page.get_by_role("button", name="Approve").click())
            other.wait_for_text("Approved. It can be scheduled.")

        def send(page):
            page.reload()
            page.get_by_role("button", name="Send now").click()
            page.get_by_text("It begins with the next tick").wait_for()

        tab.do(send)
        push.start_due()
        push.deliver()
        push.finish_due()
        # Nobody reloads: the page does, and shows who was held out.
        tab.do(lambda page: page.locator("[data-stage=accepted]").wait_for())
        told = selectors.campaign_funnel(selectors.campaign(desk.workspace, campaign.pk))
        assert told.accepted
        assert told.held_out
        assert told.accepted + told.held_out == told.eligible == told.targeted
        assert str(told.accepted) in tab.text("[data-stage=accepted]")
        tab.wait_for_text("Held out for the comparison")
        tab.wait_for_text("Who came back")
    assert stage.complaints == []


def test_the_switch_holds_all_marketing(desk, stage, live_server):
    with signed_in(desk, stage, live_server, Role.OPERATOR) as tab:
        tab.goto(desk.url("campaigns"))

        def switch(page):
            page.get_by_role("button", name="Pause all marketing").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Why").fill("The texts are wrong.")
            dialog.get_by_role("button", name="Pause all marketing").click()
            page.get_by_text("All marketing is paused.").wait_for()

        tab.do(switch)
        assert selectors.setting_of(desk.workspace).marketing_paused
        tab.do(lambda page: page.get_by_role("button", name="Let it go on").click())
        tab.wait_for_text("Marketing goes on.")
        assert not selectors.setting_of(desk.workspace).marketing_paused
    assert stage.complaints == []


@pytest.mark.parametrize(("width", "locale", "scheme"), [(1280, "en-US", "light"), (375, "zh-CN", "dark")])
def test_figures_and_campaigns_fit_the_screen(predicted: Desk, stage, live_server, width, locale, scheme):
    desk = predicted
    opened(desk)
    sent, draft, words = desk.campaign(sent=True), desk.campaign(), desk.message_template()
    funnel = desk.url("analytics-funnel") + "?steps=Opened%0ASeat+chosen%0APaid&breakdown=platform"
    pages = {
        **{name: desk.url(name) for name in ("campaigns", "templates", "template-new", "prediction")},
        **{f"analytics-{name}": desk.url(f"analytics-{name}") for name in ("trend", "users", "retention", "live")},
        "records": desk.url("analytics-records"),
        "funnel": funnel,
        "timeline": desk.url("analytics-timeline") + "?user=user-3",
        "new": desk.url("campaign-new") + "?band=high",
        "sent": desk.url("campaign", sent.pk),
        "draft": desk.url("campaign", draft.pk),
        "edit": desk.url("campaign-edit", draft.pk),
        "template": desk.url("template", words.pk),
        "release": desk.program_url("release", desk.gray().pk),
    }
    shown = {
        "analytics-trend": "#trend-chart svg",
        "analytics-users": "#users-chart svg",
        "analytics-retention": "td.h10",
        "analytics-live": "#arrivals tbody tr",
        "prediction": "#score-chart svg",
        "funnel": ".funnel .bar",
        "timeline": ".timeline time",
        "sent": "[data-stage=opened]",
        "draft": "#preview .figure",
        "release": "#health .figure",
    }
    looked = {"records": "#refused", "prediction": "#scores"}
    with signed_in(desk, stage, live_server, Role.ADMIN, width=width, locale=locale, scheme=scheme) as tab:
        for name, address in pages.items():
            assert (name, tab.goto(address)) == (name, 200)
            if name in shown:
                tab.do(lambda page, wanted=shown[name]: page.locator(wanted).first.wait_for(state="attached"))
            if name in looked:
                tab.do(lambda page, place=looked[name]: page.locator(f"{place} button").click())
                tab.do(lambda page, place=looked[name]: page.locator(f"{place} button").wait_for(state="detached"))
            wide = tab.do(lambda page: page.evaluate("document.documentElement.scrollWidth - innerWidth"))
            assert (name, wide <= 0) == (name, True)
            assert tab.do(lambda page: page.locator("h1").count()) == 1
    assert stage.complaints == []
