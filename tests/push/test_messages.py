"""Service messages, test sends, audiences, and what a campaign did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.segments import services as segments
from ferry.kernel import clock
from ferry.kernel.errors import NotAllowed, NotFound
from ferry.kernel.identity.actors import system
from push import selectors, services
from push.errors import CampaignInvalid, ContentInvalid, MessageInvalid
from push.models import Message
from push.rules.ledger import Reason, State
from push.rules.placeholders import Words
from push.services.messages import To
from tests.push.world import WORDS, Harbour

pytestmark = pytest.mark.django_db
PERSONAL = Words("Hello {{name}}", "Your ferry leaves from gate {{gate}}.", "app://gate/{{gate}}", {"who": "{{name}}"})


def test_each_user_gets_their_own_values_on_every_device(harbour, vendor):
    harbour.devices(1, prefix="phone", bound_user="anna")
    harbour.devices(1, prefix="tablet", bound_user="anna")
    harbour.devices(1, prefix="other", bound_user="ben", consent={"analytics": True, "marketing": False})
    harbour.devices(1, prefix="claims", bound_user="", claimed_user="anna")
    message = services.send_message(
        actor=harbour.operator,
        host_app=harbour.app,
        words=PERSONAL,
        to=[
            To("anna", {"name": "Anna", "gate": 4}),
            To("ben", {"name": "Ben", "gate": "5"}),
            To("zoe", {"name": "Z", "gate": ""}),
        ],
    )
    services.deliver()
    told = {copy.device_id: (copy.title, copy.data["link"], copy.data["who"]) for copy in vendor.outgoing}
    assert told == {
        "phone00000": ("Hello Anna", "app://gate/4", "Anna"),
        "tablet00000": ("Hello Anna", "app://gate/4", "Anna"),
        "other00000": ("Hello Ben", "app://gate/5", "Ben"),
    }
    assert dict(selectors.recipients(message).values_list("user", "devices")) == {"anna": 2, "ben": 1, "zoe": 0}
    assert set(selectors.deliveries(message, user="anna").values_list("state", flat=True)) == {State.ACCEPTED}
    assert selectors.message_funnel(selectors.message(harbour.workspace, message.pk)).finished


def test_somebody_else_at_the_phone_meanwhile_gets_nothing(harbour, vendor):
    harbour.devices(1, bound_user="anna")
    message = services.send_message(actor=harbour.operator, host_app=harbour.app, words=WORDS, to=[To("anna")])
    harbour.change("d00000", bound_user="ben")
    services.deliver()
    assert vendor.batches == 0
    assert selectors.deliveries(message).get().reason == Reason.USER_CHANGED


@pytest.mark.parametrize(
    "to",
    [
        [],
        [To("anna"), To("anna")],
        [To("")],
        [To(f"u{number}") for number in range(1001)],
    ],
)
def test_what_names_no_users_is_refused(harbour, to):
    with pytest.raises(MessageInvalid):
        services.send_message(actor=harbour.operator, host_app=harbour.app, words=WORDS, to=to)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"name": "Anna"},
        {"name": "Anna", "gate": 1, "more": 2},
        {"name": "Anna", "gate": []},
        {"name": "A" * 1001, "gate": 1},
    ],
)
def test_values_must_fit_the_placeholders(harbour, values):
    with pytest.raises(ContentInvalid):
        services.send_message(actor=harbour.operator, host_app=harbour.app, words=PERSONAL, to=[To("anna", values)])
    assert not Message.objects.of(harbour.workspace).exists()


def test_a_test_goes_to_the_named_devices_without_asking_anything(harbour, vendor):
    harbour.devices(3)
    harbour.change("d00001", consent={"analytics": True, "marketing": False})
    campaign = harbour.draft(holdout_share=9000, quiet_hours={"start": "00:00", "end": "23:59"})
    services.send_test(actor=harbour.operator, campaign=campaign, device_ids=["d00000", "d00001"])
    services.deliver()
    assert set(vendor.sent) == {"d00000", "d00001"}
    assert selectors.campaign_funnel(campaign).targeted == 0  # a test is no part of it
    with pytest.raises(MessageInvalid):
        services.send_test(actor=harbour.operator, campaign=campaign, device_ids=["nobody"])


def test_named_users_reach_verified_devices_and_say_who_only_claims(harbour, vendor):
    harbour.devices(50)
    harbour.devices(1, prefix="c", bound_user="", claimed_user="user-d00007")
    campaign = harbour.started(audience={"kind": "users", "users": ["user-d00007", "user-d00008", "user-unknown"]})
    services.deliver()
    assert set(vendor.sent) == {"d00007", "d00008"}
    assert harbour.states(campaign) == {(State.ACCEPTED, ""): 2, (State.DROPPED, Reason.UNVERIFIED): 1}


def test_a_segment_is_frozen_when_the_run_begins(harbour, vendor):
    harbour.devices(10)
    harbour.devices(10, prefix="a", platform="android")
    segment = segments.create_segment(
        actor=system(harbour.workspace),
        name="Android",
        constraints=[{"contextName": "platform", "operator": "IN", "values": ["android"]}],
    )
    campaign = harbour.started(audience={"kind": "segment", "segment": segment.pk})
    segments.update_segment(
        actor=system(harbour.workspace),
        segment=segment,
        constraints=[{"contextName": "platform", "operator": "IN", "values": ["ios"]}],
    )
    services.deliver()
    assert {device[0] for device in vendor.sent} == {"a"}
    assert selectors.campaign_funnel(campaign).accepted == 10


def test_a_list_of_users_counts_only_who_is_verified(harbour, vendor):
    harbour.devices(3)
    harbour.devices(1, prefix="c", bound_user="", claimed_user="user-d00001")
    segment = segments.create_segment(
        actor=system(harbour.workspace), name="List", members=["user-d00001", "user-d00002"]
    )
    campaign = harbour.started(audience={"kind": "segment", "segment": segment.pk})
    services.deliver()
    assert set(vendor.sent) == {"d00001", "d00002"}
    assert harbour.states(campaign)[State.DROPPED, Reason.UNVERIFIED] == 1


def test_a_segment_that_was_changed_after_the_approval_is_not_sent(harbour, vendor):
    harbour.devices(5)
    services.change_settings(actor=harbour.admin, changes={"approval_above": 1})
    segment = segments.create_segment(actor=system(harbour.workspace), name="List", members=["user-d00001"])
    campaign = harbour.scheduled(
        audience={"kind": "segment", "segment": segment.pk}, planned_at=clock.now() + timedelta(minutes=1)
    )
    segments.update_segment(
        actor=system(harbour.workspace), segment=segment, members=[f"user-d0000{number}" for number in range(5)]
    )
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        services.start_due()
        services.deliver()
    assert harbour.again(campaign).state == "stopped"
    assert vendor.batches == 0


def test_a_prediction_needs_consent_to_profiling(harbour, vendor):
    from analytics import audience

    harbour.devices(3)
    harbour.change("d00001", consent={"analytics": True, "marketing": True, "profiling": False})
    before = list(audience._bands)
    audience.register_bands(lambda workspace, host_app_id, band: ["user-d00000", "user-d00001"])
    try:
        campaign = harbour.started(audience={"kind": "band", "band": "high"})
    finally:
        audience._bands[:] = before
    services.deliver()
    assert harbour.states(campaign) == {(State.ACCEPTED, ""): 1, (State.DROPPED, Reason.NO_PROFILING): 1}


def test_where_consent_is_required_silence_is_a_no(vendor):
    harbour = Harbour.make(consent="required")
    harbour.devices(1, consent=None)
    campaign = harbour.started()
    services.deliver()
    assert harbour.states(campaign) == {(State.DROPPED, Reason.NO_CONSENT): 1}


def test_who_came_back_is_compared_with_the_held_out(folders, vendor):
    from tests.journal.world import World as Journal

    harbour = Harbour.make()
    harbour.devices(400)
    harbour.devices(1, prefix="second", bound_user="user-d00000")
    campaign = harbour.started(holdout_share=3000, return_window_s=600, return_signal="checkin")
    services.deliver()
    journal = Journal.__new__(Journal)
    journal.journal, journal.parquet = folders / "journal", folders / "events"
    edge, after = journal.edge(), clock.now_ms() + 5_000
    held = set(
        selectors.deliveries(harbour.message(campaign)).filter(reason=Reason.HELD_OUT).values_list("user", flat=True)
    )
    back = 0
    for number in range(400):
        user = f"user-d{number:05}"
        if number % (4 if user in held else 2) == 0:
            back += user in held
            edge.report("checkin", host_app=harbour.app.pk, device=f"d{number:05}", at=after, seq=number)
        elif number % 5 == 1:  # too late
            edge.report("checkin", host_app=harbour.app.pk, device=f"d{number:05}", at=after + 700_000, seq=number)
    journal.load()
    measured = selectors.campaign_effect(campaign)
    assert measured.treated.people + measured.held_out.people == 400
    assert measured.held_out.returned == back
    assert measured.treated.returned + back == pytest.approx(400 * (0.7 / 2 + 0.3 / 4), abs=25)
    assert measured.effect is not None
    assert measured.effect.clear
    assert measured.effect.low < 0.25 < measured.effect.high
    assert not measured.complete


def test_another_tenants_rows_are_nobodys(harbour):
    other = Harbour.make("Other")
    campaign = harbour.draft()
    for act in (services.submit_campaign, services.schedule_campaign, services.delete_campaign):
        with pytest.raises(NotFound):
            act(actor=other.operator, campaign=campaign)
    with pytest.raises(NotFound):
        services.create_campaign(actor=other.operator, host_app=harbour.app, values={})


def test_an_analyst_looks_and_writes_nothing(harbour):
    with pytest.raises(NotAllowed):
        services.create_campaign(actor=harbour.person("analyst"), host_app=harbour.app, values={})
    with pytest.raises(NotAllowed):
        services.change_settings(actor=harbour.operator, changes={"approval_above": None})


@pytest.mark.parametrize(
    "values",
    [
        {"audience": {"kind": "friends"}},
        {"audience": {"kind": "users", "users": []}},
        {"audience": {"kind": "users"}},
        {"audience": {"kind": "segment", "segment": "01jzzzzzzzzzzzzzzzzzzzzzzz"}},
        {"audience": []},
        {"holdout_share": 9001},
        {"holdout_share": True},
        {"quiet_hours": {"start": "25:00", "end": "08:00"}},
        {"quiet_hours": {"start": "22:00", "end": "08:00"}, "valid_for_s": 3600},
        {"zone": "Mars/Olympus"},
        {"max_per_minute": 0},
        {"return_signal": "smile"},
    ],
)
def test_a_campaign_that_cannot_be_is_refused(harbour, values):
    with pytest.raises(CampaignInvalid):
        harbour.draft(**values)


def test_what_a_template_says_later_does_not_reach_a_campaign(harbour):
    template = services.create_template(actor=harbour.operator, name="Back", words=PERSONAL)
    campaign = harbour.draft(words=PERSONAL, template_id=template.pk, values={"name": "you", "gate": "1"})
    services.update_template(actor=harbour.operator, template=template, words=WORDS)
    assert harbour.again(campaign).title == "Hello {{name}}"
    services.delete_template(actor=harbour.operator, template=template)
    assert harbour.again(campaign).title == "Hello {{name}}"
