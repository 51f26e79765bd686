"""A campaign from its draft to its funnel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ferry.kernel import clock
from push import selectors, services
from push.errors import ApprovalNeeded, CampaignChanged, CampaignMoveNotAllowed, OwnCampaign
from push.models import Shard
from push.rules.ledger import Reason, State
from push.services import delivery as delivering
from tests.push.world import answering

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)  # 21:00 in Berlin, 04:00 in Shanghai


def test_everybody_gets_one_copy_and_every_exclusion_has_its_reason(harbour, vendor):
    harbour.devices(1200)
    harbour.change("d00001", consent={"analytics": True, "marketing": False})
    harbour.devices(3, prefix="n", vendor=False, registered=False)
    campaign = harbour.started()
    services.deliver()
    assert set(vendor.sent.values()) == {1}
    assert len(vendor.sent) == 1199
    assert harbour.states(campaign) == {
        (State.ACCEPTED, ""): 1199,
        (State.DROPPED, Reason.NO_CONSENT): 1,
        (State.DROPPED, Reason.NO_ADDRESS): 3,
    }
    funnel = selectors.campaign_funnel(campaign)
    assert (funnel.targeted, funnel.eligible, funnel.sent, funnel.accepted) == (1203, 1199, 1199, 1199)
    assert funnel.drops == {"no_address": 3, "no_consent": 1}
    assert funnel.finished
    assert harbour.again(campaign).state == "sent"


def test_the_held_out_get_nothing_and_stay_the_same(harbour, vendor):
    harbour.devices(1000)
    campaign = harbour.started(holdout_share=3000)
    services.deliver()
    counts = harbour.states(campaign)
    assert 250 < counts[State.DROPPED, Reason.HELD_OUT] < 350
    assert len(vendor.sent) == 1000 - counts[State.DROPPED, Reason.HELD_OUT]
    assert (
        selectors.preview(campaign, harbour.app).excluded["held_out"].people == counts[State.DROPPED, Reason.HELD_OUT]
    )


def test_a_device_in_its_night_waits_for_its_morning(harbour, vendor):
    with clock.frozen(NIGHT):
        harbour.devices(3, prefix="berlin", attributes={"timezone": "Europe/Berlin"})
        harbour.devices(3, prefix="shanghai", attributes={"timezone": "Asia/Shanghai"})
        harbour.devices(1, prefix="nowhere", attributes={"timezone": "Mars/Olympus"})
        campaign = harbour.draft(quiet_hours={"start": "22:00", "end": "08:00"}, zone="Asia/Shanghai")
        shown = selectors.preview(campaign, harbour.app)
        assert shown.deferred.devices == 4
        assert (shown.first_at, shown.last_at) == (NIGHT, datetime(2026, 3, 11, 0, 0, tzinfo=UTC))
        services.schedule_campaign(actor=harbour.operator, campaign=campaign)
        services.start_due()
        services.deliver()
        assert set(vendor.sent) == {"berlin00000", "berlin00001", "berlin00002"}
        assert selectors.campaign_funnel(campaign).waiting == 4
    with clock.frozen(datetime(2026, 3, 10, 23, 59, tzinfo=UTC)):
        assert services.deliver() == 0
    with clock.frozen(datetime(2026, 3, 11, 0, 0, tzinfo=UTC)):
        harbour.change("shanghai00001", consent={"analytics": True, "marketing": False})
        services.deliver()
    assert sum(vendor.sent.values()) == 6
    assert harbour.states(campaign)[State.DROPPED, Reason.NO_CONSENT] == 1
    assert harbour.again(campaign).state == "sent"


def test_stop_is_read_before_every_batch(harbour, vendor):
    harbour.devices(1700)
    campaign = harbour.started()
    vendor.after = lambda: (
        vendor.batches == 1 and services.stop_campaign(actor=harbour.operator, campaign=campaign, reason="Wrong time.")
    )
    services.deliver()
    assert vendor.batches == 1
    funnel = selectors.campaign_funnel(campaign)
    assert (funnel.sent, funnel.not_reached) == (500, 1200)
    assert funnel.finished
    assert harbour.again(campaign).state == "stopped"


def test_a_stop_in_the_night_closes_the_ledger_at_once(harbour, vendor):
    with clock.frozen(NIGHT):
        harbour.devices(5, attributes={"timezone": "Asia/Shanghai"})
        campaign = harbour.started(quiet_hours={"start": "22:00", "end": "08:00"})
        services.deliver()
        services.stop_campaign(actor=harbour.operator, campaign=campaign, reason="Wrong price.")
        services.deliver()
        assert harbour.states(campaign) == {(State.DROPPED, Reason.STOPPED): 5}
    assert vendor.batches == 0


def test_one_switch_pauses_all_marketing_and_nothing_else(harbour, vendor):
    harbour.devices(600)
    campaign = harbour.started()
    vendor.after = lambda: vendor.batches == 1 and services.pause_marketing(actor=harbour.operator, reason="Outage.")
    services.deliver()
    assert sum(vendor.sent.values()) == 500
    services.send_message(
        actor=harbour.operator, host_app=harbour.app, words=harbour_words(), to=[services.messages.To("user-d00001")]
    )
    services.deliver()
    assert vendor.sent["d00001"] == 2
    services.resume_marketing(actor=harbour.operator)
    services.deliver()
    assert sum(vendor.sent.values()) == 601
    assert harbour.again(campaign).state == "sent"


def harbour_words():
    from tests.push.world import WORDS

    return WORDS


def test_workers_share_one_budget(harbour, vendor):
    harbour.devices(1000)
    begin = clock.now()
    with clock.frozen(begin):
        campaign = harbour.started(max_per_minute=300)
        services.deliver()
        services.deliver()
        assert sum(vendor.sent.values()) == 300
    with clock.frozen(begin + timedelta(seconds=59)):
        services.deliver()
        assert sum(vendor.sent.values()) == 300
    for minute in range(1, 5):
        with clock.frozen(begin + timedelta(seconds=62 * minute)):
            services.deliver()
            assert sum(vendor.sent.values()) == min(1000, 300 * (minute + 1))
    assert set(vendor.sent.values()) == {1}
    assert harbour.again(campaign).state == "sent"


def test_a_run_that_comes_too_late_is_missed(harbour, vendor):
    harbour.devices(3)
    at = clock.now() + timedelta(hours=1)
    campaign = harbour.scheduled(planned_at=at, late_by_s=600)
    assert services.start_due() == 0
    with clock.frozen(at + timedelta(seconds=601)):
        assert services.start_due() == 0
        assert services.deliver() == 0
    assert harbour.again(campaign).state == "missed"
    assert vendor.batches == 0


def test_a_doubled_tick_starts_a_campaign_once(harbour, vendor):
    harbour.devices(3)
    campaign = harbour.started()
    assert services.start_due() == 0
    services.deliver()
    assert selectors.messages(harbour.workspace, campaign_id=campaign.pk).count() == 1
    assert set(vendor.sent.values()) == {1}


def test_above_the_limit_a_second_member_approves_and_any_edit_voids_it(harbour):
    harbour.devices(11)
    services.change_settings(actor=harbour.admin, changes={"approval_above": 10})
    campaign = harbour.draft()
    with pytest.raises(ApprovalNeeded):
        services.schedule_campaign(actor=harbour.operator, campaign=campaign)
    campaign = services.submit_campaign(actor=harbour.operator, campaign=campaign)
    with pytest.raises(CampaignMoveNotAllowed):
        services.schedule_campaign(actor=harbour.operator, campaign=campaign)
    with pytest.raises(CampaignChanged):
        services.approve_campaign(actor=harbour.admin, campaign=campaign, revision=campaign.revision + 1)
    campaign = services.approve_campaign(actor=harbour.admin, campaign=campaign, revision=campaign.revision)
    edited = services.edit_campaign(actor=harbour.operator, campaign=campaign, values={"holdout_share": 100})
    assert (edited.state, edited.approved_by) == ("draft", "")
    with pytest.raises(ApprovalNeeded):
        services.schedule_campaign(actor=harbour.operator, campaign=edited)


def test_nobody_approves_what_he_wrote(harbour):
    draft = services.create_campaign(
        actor=harbour.admin,
        host_app=harbour.app,
        values={"name": "Mine", "words": harbour_words(), "audience": {"kind": "everyone"}},
    )
    submitted = services.submit_campaign(actor=harbour.operator, campaign=draft)
    with pytest.raises(OwnCampaign):
        services.approve_campaign(actor=harbour.admin, campaign=submitted, revision=submitted.revision)
    other = harbour.person("admin", "another")
    assert services.approve_campaign(actor=other, campaign=submitted, revision=submitted.revision).state == "approved"


def test_an_audience_that_outgrows_the_limit_after_scheduling_is_not_sent(harbour, vendor):
    harbour.devices(10)
    services.change_settings(actor=harbour.admin, changes={"approval_above": 10})
    campaign = services.schedule_campaign(actor=harbour.operator, campaign=harbour.draft())
    harbour.devices(5, prefix="late")
    assert services.start_due() == 0
    assert harbour.again(campaign).state == "stopped"
    assert "grown" in harbour.again(campaign).reason


def test_a_scheduled_campaign_that_is_edited_does_not_run(harbour, vendor):
    harbour.devices(3)
    campaign = harbour.scheduled(planned_at=clock.now() + timedelta(minutes=5))
    services.edit_campaign(actor=harbour.operator, campaign=campaign, values={"name": "Another"})
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert services.start_due() == 0


def test_what_the_channel_says_becomes_the_ledger(harbour, vendor):
    harbour.devices(4)
    kinds = {"d00000": "ok", "d00001": "token_dead", "d00002": "failed", "d00003": "retry"}
    vendor.answer = lambda copy: answering(kinds[copy.device_id], detail=copy.device_id)(copy)
    campaign = harbour.started()
    services.deliver()
    assert harbour.states(campaign) == {
        (State.ACCEPTED, ""): 1,
        (State.FAILED, Reason.TOKEN_DEAD): 1,
        (State.FAILED, Reason.REFUSED): 1,
        (State.WAITING, Reason.RETRY): 1,
    }
    vendor.answer = None
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        services.deliver()
    assert vendor.sent["d00003"] == 2
    assert len(vendor.ids["d00003"]) == 1
    assert harbour.again(campaign).state == "sent"
    later = harbour.started()
    services.deliver()
    assert vendor.sent["d00001"] == 1  # no vendor's token any more: by the own channel now
    assert harbour.states(later)[State.ACCEPTED, ""] == 4


def test_the_channels_own_ids_are_kept(harbour, vendor):
    harbour.devices(3)
    vendor.answer = lambda copy: answering("ok", provider_id=f"their-{copy.device_id}")(copy)
    campaign = harbour.started()
    services.deliver()
    rows = selectors.deliveries(harbour.message(campaign)).values_list("device_id", "provider_id", "state", "shard_id")
    assert set(rows) == {(f"d0000{number}", f"their-d0000{number}", "accepted", None) for number in range(3)}


def test_a_channel_that_is_wrongly_set_up_is_given_up_in_the_end(harbour, vendor):
    harbour.devices(2)
    vendor.answer = answering("config_error", detail="InvalidProviderToken")
    campaign = harbour.started()
    for round_ in range(8):
        with clock.frozen(clock.now() + timedelta(hours=round_)):
            services.deliver()
    assert harbour.states(campaign) == {(State.FAILED, Reason.CONFIG_ERROR): 2}
    assert vendor.batches == 6
    assert harbour.message(campaign).problem == "InvalidProviderToken"


def test_a_worker_that_wakes_after_its_lease_was_taken_sends_nothing_more(harbour, vendor):
    """It sleeps while the channel works; meanwhile somebody else finishes the shard."""
    harbour.devices(1200)
    campaign = harbour.started()

    def asleep() -> None:
        if vendor.batches == 1:
            with clock.frozen(clock.now() + timedelta(minutes=2)):
                services.deliver()

    vendor.after = asleep
    services.deliver()
    assert set(vendor.sent) == {f"d{number:05}" for number in range(1200)}
    assert sum(count - 1 for count in vendor.sent.values()) == 500  # the batch in doubt, and nothing more
    assert all(len(ids) == 1 for ids in vendor.ids.values())
    assert harbour.states(campaign) == {(State.ACCEPTED, ""): 1200}


def test_a_batch_that_kills_every_worker_is_given_up(harbour, vendor):
    harbour.devices(2)
    campaign = harbour.started()

    def dies() -> None:
        raise KeyboardInterrupt

    vendor.before = dies
    for minutes in range(6):
        with clock.frozen(clock.now() + timedelta(minutes=2 * minutes)), pytest.raises(KeyboardInterrupt):
            services.deliver()
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        services.deliver()
    assert harbour.states(campaign) == {(State.FAILED, Reason.GAVE_UP): 2}
    assert harbour.again(campaign).state == "sent"


def test_a_worker_suspended_before_the_send_does_not_send(harbour, vendor, monkeypatch):
    harbour.devices(10)
    harbour.started()
    real, first = delivering.sending.send, []

    def suspended(claim, batch):
        if not first:
            first.append(claim)
            with clock.frozen(clock.now() + timedelta(minutes=2)):
                services.deliver()
        return real(claim, batch)

    monkeypatch.setattr(delivering.sending, "send", suspended)
    services.deliver()
    assert first
    assert set(vendor.sent.values()) == {1}


def test_shards_are_as_many_as_the_audience_needs(harbour, vendor, monkeypatch):
    monkeypatch.setattr("push.services.lifecycle.SHARD", 100)
    harbour.devices(250)
    campaign = harbour.started()
    sizes = Shard.objects.of(harbour.workspace).order_by("number").values_list("size", flat=True)
    assert list(sizes) == [100, 100, 50]
    services.deliver()
    assert len(vendor.sent) == 250
    assert selectors.campaign_funnel(campaign).not_reached == 0
