"""The pure rules: quiet hours, hold-out, rate, intervals, placeholders."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from push.rules import placeholders, rate
from push.rules.campaigns import Act, State, move
from push.rules.effect import Arm, effect, wilson
from push.rules.holdout import held_out, unit
from push.rules.ledger import backoff, delivery_id
from push.rules.placeholders import Words
from push.rules.quiet import QuietHours, known_zone, may_send_at, parse, zone_of

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Shanghai",
    "Australia/Lord_Howe",  # moves by half an hour
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",  # skipped a whole day in 2011
]
moments = st.datetimes(
    min_value=datetime(2010, 1, 1),  # noqa: DTZ001 hypothesis wants them without a zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
windows = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1])


def window(pair: tuple[int, int]) -> QuietHours:
    return QuietHours(*(time(minute // 60, minute % 60) for minute in pair))


def wall(at: datetime, zone: str) -> time:
    return at.astimezone(ZoneInfo(zone)).time()


@given(at=moments, pair=windows, zone=st.sampled_from(ZONES))
def test_nothing_is_sent_in_quiet_hours_and_nothing_waits_longer_than_they_last(at, pair, zone):
    quiet = window(pair)
    sent = may_send_at(at, quiet, zone)
    assert sent >= at
    assert not quiet.covers(wall(sent, zone))
    if sent > at:
        minute = at.replace(second=0, microsecond=0)
        while minute < sent:
            assert quiet.covers(wall(max(minute, at), zone))
            minute += timedelta(minutes=1)
    assert sent - at <= quiet.length + timedelta(hours=26)  # Apia's lost day and a clock moved back


@pytest.mark.parametrize(
    ("zone", "at", "start", "end", "sent"),
    [
        # over midnight, an ordinary night
        ("Europe/Berlin", "2026-01-10T22:30", "22:00", "08:00", "2026-01-11T07:00"),
        # the night of the lost hour: 08:00 is an hour earlier in UTC than the evening before promised
        ("Europe/Berlin", "2026-03-28T22:30", "22:00", "08:00", "2026-03-29T06:00"),
        # the end itself does not exist (02:30): the jump to 03:00 ends it
        ("Europe/Berlin", "2026-03-29T00:15", "01:00", "02:30", "2026-03-29T01:00"),
        # the hour that happens twice: over at 02:30, quiet again when it is 02:00 once more
        ("Europe/Berlin", "2026-10-25T00:15", "01:00", "02:30", "2026-10-25T00:30"),
        ("Europe/Berlin", "2026-10-25T01:15", "01:00", "02:30", "2026-10-25T01:30"),
        # not quiet: unchanged
        ("America/New_York", "2026-07-01T15:00", "22:00", "08:00", "2026-07-01T15:00"),
    ],
)
def test_days_on_which_the_clock_is_moved(zone, at, start, end, sent):
    quiet = parse({"start": start, "end": end})
    assert may_send_at(datetime.fromisoformat(at + "+00:00"), quiet, zone) == datetime.fromisoformat(sent + "+00:00")


@pytest.mark.parametrize(
    "value", [{"start": "22:00"}, {"start": "8", "end": "9:00"}, {"start": "08:00", "end": "08:00"}, []]
)
def test_what_is_no_window_is_refused(value):
    with pytest.raises(ValueError):
        parse(value)


def test_a_zone_that_a_device_made_up_is_not_believed():
    assert zone_of("../../etc/passwd", "Asia/Shanghai") == "Asia/Shanghai"
    assert zone_of("Europe/Berlin") == "Europe/Berlin"
    assert not known_zone("")


@given(share=st.integers(0, 9000), campaign=st.text(min_size=1, max_size=30))
def test_the_hold_out_is_as_large_as_it_was_meant_to_be(share, campaign):
    people = 4000
    held = sum(held_out(unit(f"u{number}", ""), campaign, share) for number in range(people))
    expected = people * share / 10_000
    assert abs(held - expected) <= 5 * (expected * (1 - share / 10_000)) ** 0.5 + 1


@given(user=st.text(max_size=40), device=st.text(max_size=40), campaign=st.text(min_size=1), share=st.integers(0, 8999))
def test_a_larger_hold_out_holds_the_smaller_one(user, device, campaign, share):
    who = unit(user, device)
    assert held_out(who, campaign, share) == held_out(who, campaign, share)
    assert held_out(who, campaign, share + 1) or not held_out(who, campaign, share)


def test_hold_outs_of_two_campaigns_are_independent():
    people = [unit(f"u{number}", "") for number in range(20_000)]
    both = sum(held_out(who, "a", 3000) and held_out(who, "b", 3000) for who in people)
    assert abs(both / len(people) - 0.09) < 0.01


@given(
    limit=st.integers(1, 500),
    wants=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 400)), min_size=1, max_size=60),
)
def test_no_minute_sees_more_than_the_limit(limit, wants):
    log: rate.Log = []
    now, sent = 1_790_000_000.0, []
    for gap, want in wants:
        now += gap
        grant = rate.take(log, limit=limit, now_s=now, want=want)
        log = grant.log
        assert 0 <= grant.granted <= want
        if grant.granted < want:
            assert grant.wait_s > 0
            assert rate.take(log, limit=limit, now_s=now + grant.wait_s, want=1).granted == 1
        sent.append((now, grant.granted))
    for begin, _ in sent:
        assert sum(count for at, count in sent if begin <= at < begin + 60) <= limit
    assert len(log) <= 62


def test_a_clock_that_was_ahead_does_not_block_for_long():
    assert rate.take([[2_000_000_000, 10]], limit=10, now_s=1_790_000_000, want=10).granted == 10


def test_newcombe_gives_the_published_limits():
    """Table II of the paper, method 10: 56/70 against 48/80."""
    found = effect(Arm(70, 56), Arm(80, 48))
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    nothing = effect(Arm(10, 0), Arm(20, 0))
    assert nothing is not None
    assert (round(nothing.low, 4), round(nothing.high, 4)) == (-0.1611, 0.2775)
    assert not nothing.clear


def test_the_interval_holds_its_level():
    random, inside, rounds = Random(7), 0, 1500
    for _ in range(rounds):
        treated = Arm(200, sum(random.random() < 0.35 for _ in range(200)))
        control = Arm(90, sum(random.random() < 0.20 for _ in range(90)))
        found = effect(treated, control)
        assert found is not None
        inside += found.low <= 0.15 <= found.high
    assert 0.935 <= inside / rounds <= 0.97


def test_an_empty_arm_has_no_effect():
    assert effect(Arm(10, 3), Arm(0, 0)) is None
    assert wilson(0, 5)[0] == 0


@given(values=st.dictionaries(st.sampled_from(["name", "gate"]), st.text(max_size=20), min_size=2))
def test_a_value_is_never_read_as_a_template_again(values):
    words = Words("Hello {{name}}", "{{ gate }} {{name}}", "app://{{gate}}", {"who": "{{name}}"})
    assert placeholders.names(placeholders.texts(words)) == {"name", "gate"}
    filled = placeholders.fill(words, values)
    assert filled.title == f"Hello {values['name']}"
    assert filled.body == f"{values['gate']} {values['name']}"
    assert filled.data == {"who": values["name"]}


@pytest.mark.parametrize("text", ["{{", "{{ 1x }}", "{{a b}}", "}}", "{{name"])
def test_braces_that_are_no_placeholder_are_refused(text):
    with pytest.raises(ValueError):
        placeholders.names([text])


@given(state=st.sampled_from(State), acts=st.lists(st.sampled_from(Act), max_size=12))
def test_nothing_is_sent_without_being_scheduled_and_nothing_leaves_its_end(state, acts):
    for act in acts:
        after = move(state, act)
        if after is None:
            continue
        assert state not in (State.SENT, State.STOPPED)
        if after is State.SENDING:
            assert state is State.SCHEDULED
        if act is Act.EDIT:
            assert after is State.DRAFT
        state = after


@given(message=st.text(max_size=26), device=st.text(max_size=64))
def test_a_copy_keeps_its_id(message, device):
    assert delivery_id(message, device) == delivery_id(message, device)
    assert len(delivery_id(message, device)) == 36


def test_a_retry_waits_longer_each_time_and_as_long_as_the_channel_says():
    waits = [backoff(attempts) for attempts in range(1, 8)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=15)
    assert backoff(1, retry_after=120) == timedelta(minutes=2)
