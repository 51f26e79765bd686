"""Campaigns at the console: written, changed, approved by somebody else, stopped. What is refused is said in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.kernel import clock
from ferry.kernel.identity.rights import Role
from push import selectors, services
from tests.console.desk import Desk

FORM = {
    "name": "Come back",
    "audience": "everyone",
    "title": "Come back",
    "body": "The ferry leaves at nine.",
    "holdout": "30",
    "return_amount": "45",
    "return_unit": "seconds",
    "return_signal": "any",
    "when": "now",
    "valid_hours": "72",
}


@pytest.fixture
def reached(desk: Desk) -> Desk:
    desk.registered()
    return desk


def written(desk: Desk, **changes: str):
    answer = desk.as_(Role.OPERATOR).post(desk.url("campaign-new"), {**FORM, **changes})
    assert answer.status_code == 302, answer.content.decode()
    return selectors.campaigns(desk.workspace).get()


def act(desk: Desk, campaign, name: str, *, who: str = Role.OPERATOR, **more: object) -> str:
    answer = desk.as_(who).post(desk.url("campaign-act", campaign.pk, name), more, follow=True)
    return answer.content.decode()


def test_what_is_typed_is_what_is_kept(reached: Desk):
    campaign = written(
        reached,
        audience="users",
        users="ann\nbob",
        quiet_start="22:00",
        quiet_end="08:00",
        max_per_minute="500",
        when="at",
        planned_at="2031-05-01T09:30",
        payload="page = seats",
    )
    assert campaign.audience == {"kind": "users", "users": ["ann", "bob"]}
    assert (campaign.holdout_share, campaign.return_window_s, campaign.max_per_minute) == (3000, 45, 500)
    assert (campaign.quiet_hours, campaign.data) == ({"start": "22:00", "end": "08:00"}, {"page": "seats"})
    assert campaign.planned_at.isoformat() == "2031-05-01T09:30:00+00:00"
    # The form of the stored campaign, sent back as it is, changes nothing.
    before = {
        name: getattr(campaign, name) for name in ("audience", "quiet_hours", "planned_at", "valid_for_s", "data")
    }
    form = reached.as_(Role.OPERATOR).get(reached.url("campaign-edit", campaign.pk)).context["form"]
    again = {field.html_name: field.value() for field in form}
    shown = {name: form[name].field.prepare_value(value) for name, value in again.items() if value is not None}
    shown |= {"quiet_start": "22:00", "quiet_end": "08:00", "planned_at": "2031-05-01T09:30"}
    assert reached.as_(Role.OPERATOR).post(reached.url("campaign-edit", campaign.pk), shown).status_code == 302
    after = selectors.campaign(reached.workspace, campaign.pk)
    assert {name: getattr(after, name) for name in before} == before


def test_a_wrong_plan_comes_back_with_the_reason(reached: Desk):
    operator = reached.as_(Role.OPERATOR)
    for changes, reason in (
        ({"holdout": "95"}, "holdout_share is a whole number"),
        ({"quiet_start": "22:00"}, "quiet hours have a start and an end"),
        ({"audience": "users"}, "name 1 to"),
        ({"title": "Hello {{name}}"}, "no value for name"),
        ({"when": "at"}, "Say when it begins"),
    ):
        page = operator.post(reached.url("campaign-new"), {**FORM, **changes})
        assert (page.status_code, reason in page.content.decode()) == (400, True), reason
    assert not selectors.campaigns(reached.workspace).exists()


def test_a_second_member_approves_what_he_saw(reached: Desk):
    services.change_settings(actor=reached.person(Role.ADMIN), changes={"approval_above": 5})
    campaign = written(reached)
    assert "let a second member approve it" in act(reached, campaign, "schedule")
    act(reached, campaign, "submit")
    act(reached, campaign, "approve", who=Role.OPERATOR, revision=1)
    assert selectors.campaign(reached.workspace, campaign.pk).state == "pending_approval"
    assert "has changed the campaign" in act(reached, campaign, "approve", who=Role.ADMIN, revision=7)
    assert "Approved. It can be scheduled." in act(reached, campaign, "approve", who=Role.ADMIN, revision=1)
    assert "Scheduled." in act(reached, campaign, "schedule")
    assert "say why" in act(reached, campaign, "stop")
    act(reached, campaign, "stop", reason="Wrong words.")
    assert selectors.campaign(reached.workspace, campaign.pk).state == "stopped"


def test_an_analyst_reads_and_changes_nothing(reached: Desk):
    campaign, analyst = written(reached), reached.as_(Role.ANALYST)
    page = analyst.get(reached.url("campaign", campaign.pk)).content.decode()
    assert "Send now" not in page
    assert "Edit</a>" not in page
    for name in ("submit", "schedule", "delete"):
        analyst.post(reached.url("campaign-act", campaign.pk, name))
    assert analyst.post(reached.url("marketing", "pause"), {"reason": "x"}).status_code == 403
    assert selectors.campaign(reached.workspace, campaign.pk).state == "draft"


def test_a_change_that_somebody_else_made_is_not_overwritten(reached: Desk):
    campaign = written(reached)
    operator = reached.as_(Role.OPERATOR)
    assert (
        operator.post(reached.url("campaign-edit", campaign.pk), {**FORM, "name": "A", "revision": "1"}).status_code
        == 302
    )
    page = operator.post(reached.url("campaign-edit", campaign.pk), {**FORM, "name": "B", "revision": "1"})
    assert page.status_code == 400
    assert "Somebody else has changed the campaign" in page.content.decode()
    assert selectors.campaign(reached.workspace, campaign.pk).name == "A"


def test_no_prediction_is_said_before_anything_is_sent(reached: Desk):
    campaign = written(reached, audience="band", band="high")
    page = reached.as_(Role.OPERATOR).get(reached.url("campaign-preview", campaign.pk)).content.decode()
    assert "there is no prediction for this host app yet" in page


def test_looking_at_a_user_is_in_the_audit_log(reached: Desk):
    from ferry.kernel.audit import selectors as audit

    analyst = reached.as_(Role.ANALYST)
    analyst.get(reached.url("analytics-timeline") + "?user=ann")
    assert (
        audit.entries(reached.workspace, target_kind="user", target_id="ann").filter(action="timeline.viewed").exists()
    )


def test_a_page_asks_often_while_it_is_sent_and_seldom_while_its_return_window_is_open(reached: Desk):
    """A window may be open for weeks, and each look counts the whole campaign."""

    def page(campaign) -> str:
        return reached.as_(Role.OPERATOR).get(reached.url("campaign", campaign.pk)).content.decode()

    waiting = written(reached, when="at", planned_at="2031-05-01T09:30")
    act(reached, waiting, "schedule")
    assert 'hx-trigger="every 2s"' in page(waiting)
    sent = reached.campaign(sent=True, return_window_s=14 * 86_400)
    assert sent.state == "sent"
    assert 'hx-trigger="every 15s"' in page(sent)
    over = reached.campaign(sent=True, return_window_s=60)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert "hx-trigger" not in page(over).partition('id="live"')[2].partition(">")[0]
