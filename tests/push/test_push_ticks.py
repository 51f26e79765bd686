"""The ticks: they begin what is due and wake workers, never more than there are slots."""

from __future__ import annotations

import pytest

from push import tasks
from push.services import wake
from tests.push.world import Harbour

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch) -> list[str]:
    """The wake-ups that were sent."""
    sent: list[str] = []
    monkeypatch.setattr(wake.current_app, "send_task", lambda name, **options: sent.append(name))
    return sent


def test_a_tick_starts_and_wakes_and_a_task_finds_its_work_itself(harbour: Harbour, vendor, woken):
    harbour.devices(20)
    campaign = harbour.scheduled()
    tasks.tick()
    assert woken == ["push.deliver_shard"]
    tasks.deliver_shard()
    tasks.deliver_shard()
    assert set(vendor.sent.values()) == {1}
    tasks.tick()
    assert len(woken) == 1  # nothing is left to do
    assert harbour.again(campaign).state == "sent"


def test_never_more_wake_ups_than_slots(harbour: Harbour, vendor, woken, monkeypatch):
    monkeypatch.setattr("push.services.lifecycle.SHARD", 5)
    harbour.devices(100)
    harbour.scheduled()
    tasks.tick()
    assert len(woken) == wake.SLOTS


def test_a_broker_that_is_away_loses_nothing(harbour: Harbour, vendor, monkeypatch):
    def away(*args: object, **options: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(wake.current_app, "send_task", away)
    harbour.devices(3)
    harbour.scheduled()
    tasks.tick()
    tasks.deliver_shard()
    assert len(vendor.sent) == 3
    tasks.finish_messages()
