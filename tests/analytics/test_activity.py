"""Who came back: by the moment at which something happened, not by the one at which a phone could send it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.activity import Span, returned
from ferry.journal.records import moment
from tests.analytics.events.sending import send, track
from tests.journal.world import HOUR, NOON, World

MIDNIGHT = NOON // (24 * HOUR) * 24 * HOUR


def came(world: World, *, since: int, until: int, signal: str = "event") -> set[str]:
    spans = [Span("ann's", "ann", "d1", moment(since), moment(until))]
    return returned(world.app, spans, signal=signal)


def test_what_a_phone_queued_over_midnight_counts_for_the_evening(world: World):
    """The window lies in the evening; the event reached Ferry on the next day."""
    evening = MIDNIGHT - 2 * HOUR
    send(world, track(at=evening + HOUR), received=MIDNIGHT + 3 * HOUR)
    world.load()
    assert came(world, since=evening, until=MIDNIGHT - 1) == {"ann's"}
    assert came(world, since=MIDNIGHT, until=MIDNIGHT + 4 * HOUR) == set()


def test_what_happened_before_the_push_and_was_sent_after_it_is_no_return(world: World):
    send(world, track(at=NOON - HOUR), received=NOON + HOUR)
    world.load()
    assert came(world, since=NOON, until=NOON + 2 * HOUR) == set()
    assert came(world, since=NOON - 2 * HOUR, until=NOON) == {"ann's"}


def test_a_window_over_several_days(world: World):
    send(world, track(at=NOON - 20 * HOUR))
    world.load()
    assert came(world, since=NOON - 48 * HOUR, until=NOON + HOUR) == {"ann's"}


@pytest.mark.parametrize(("user", "device"), [("ann", ""), ("", "d1")])
def test_a_person_or_a_device(world: World, user: str, device: str):
    send(world, track(user=user, at=NOON), device_id=device)
    world.load()
    assert came(world, since=NOON - HOUR, until=NOON + HOUR) == {"ann's"}


def test_the_signal_is_chosen(world: World):
    world.edge().report("checkin", **world.checkin("d1", at=NOON))
    world.load()
    window = {"since": NOON - HOUR, "until": NOON + HOUR}
    assert came(world, **window, signal="event") == set()
    assert came(world, **window, signal="checkin") == {"ann's"}
    assert came(world, **window, signal="any") == {"ann's"}
    late = moment(NOON) - timedelta(milliseconds=1)
    assert returned(world.app, [Span("x", "", "d1", late - timedelta(hours=1), late)]) == set()
