"""A lease has one holder at a time, and whoever lost it cannot write; heartbeats say who lives."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from ferry.config.celery import app as celery
from ferry.config.celery import beat_entries
from ferry.kernel import clock
from ferry.kernel.jobs import selectors, tasks
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.jobs.models import Heartbeat
from ferry.kernel.jobs.services import SHORTEST_S, Held, acquire, alone, beat, leave

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(**later: float):
    return clock.frozen(NOON + timedelta(**later))


@pytest.mark.usefixtures("db")
class TestLease:
    def test_one_holder_at_a_time(self):
        with at():
            first = acquire("loader")
            assert first is not None
            assert acquire("loader") is None
            assert acquire("another") is not None

    def test_a_renewed_lease_stays(self):
        with at():
            held = acquire("loader")
        with at(seconds=50):
            assert held.renew()
        with at(seconds=100):
            assert acquire("loader") is None
        with at(seconds=111):
            assert acquire("loader") is not None

    def test_a_given_back_lease_is_free_at_once(self):
        with at():
            acquire("loader").release()
            assert acquire("loader") is not None

    def test_after_the_term_the_next_one_has_a_higher_token(self):
        with at():
            first = acquire("loader")
        with at(seconds=SHORTEST_S):
            second = acquire("loader")
            assert second.token > first.token
            assert second.still_mine()
            assert not first.still_mine()
            assert not first.renew()

    def test_a_holder_that_was_late_but_not_replaced_goes_on(self):
        with at():
            held = acquire("loader")
        with at(minutes=10):
            assert held.renew()
            assert acquire("loader") is None

    def test_an_old_holder_gives_back_nothing_that_is_not_his(self):
        with at():
            first = acquire("loader")
        with at(seconds=SHORTEST_S):
            second = acquire("loader")
            first.release()
            assert second.still_mine()
            assert acquire("loader") is None

    def test_what_an_old_holder_writes_is_undone(self):
        """It slept through its term, another took over, now it wakes up in the middle of its work."""

        def write(held: Held, what: str) -> None:
            with transaction.atomic():
                beat("written", what)
                held.fence()

        with at():
            old = acquire("loader")
        with at(seconds=SHORTEST_S):
            new = acquire("loader")
            with pytest.raises(LeaseLost, match="loader"):
                write(old, "by the old one")
            write(new, "by the new one")
        assert list(Heartbeat.objects.values_list("process_id", flat=True)) == ["by the new one"]

    def test_a_term_shorter_than_three_busy_timeouts_is_a_mistake(self):
        with pytest.raises(ValueError, match="at least"):
            acquire("loader", SHORTEST_S - 1)

    def test_ticks_of_one_name_never_overlap(self):
        with at():
            with alone("tick") as outer, alone("tick") as inner:
                assert outer is not None
                assert inner is None
            with alone("tick") as later:
                assert later is not None

    def test_a_tick_that_fails_gives_its_lease_back(self):
        with at():
            with pytest.raises(ZeroDivisionError), alone("tick"):
                raise ZeroDivisionError
            assert acquire("tick") is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True], ids=["first ever", "run out"])
def test_of_many_that_ask_at_once_one_gets_it(known):
    if known:
        with clock.frozen(NOON):
            acquire("loader")
    barrier, got = threading.Barrier(5), []

    def ask() -> None:
        barrier.wait(10)
        got.append(acquire("loader"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    with clock.frozen(NOON + timedelta(days=1)):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(got) == 5
    (held,) = [each for each in got if each is not None]
    assert held.token == (2 if known else 1)


@pytest.mark.django_db(transaction=True)
def test_nobody_takes_over_between_a_fence_and_its_commit():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite admits one writer at a time anyway")
    with at():
        old = acquire("loader")
    fenced, taken = threading.Event(), []

    def take_over() -> None:
        fenced.wait(10)
        taken.append(acquire("loader"))  # waits for the commit, then sees the renewed term
        connection.close()

    with at(seconds=SHORTEST_S + 1):
        thread = threading.Thread(target=take_over)
        thread.start()
        with transaction.atomic():
            old.fence()
            fenced.set()
            thread.join(0.5)
            assert thread.is_alive()
        thread.join(10)
    assert taken == [None]


@pytest.mark.usefixtures("db")
class TestHeartbeats:
    def test_live_processes_are_counted_by_kind(self):
        with at():
            for edge in ("1", "2"):
                beat("edge", edge)
            beat("loader", "1")
            assert selectors.live("edge") == 2
        with at(seconds=25):
            beat("edge", "1")
        with at(seconds=35):
            assert selectors.live("edge") == 1
            assert selectors.live("loader") == 0

    def test_a_beat_is_one_statement(self, django_assert_num_queries):
        beat("edge", "1")
        with django_assert_num_queries(1):
            beat("edge", "1")

    def test_who_leaves_counts_no_more(self):
        beat("edge", "1")
        leave("edge", "1")
        assert selectors.live("edge") == 0

    def test_a_day_later_the_sweep_forgets_the_silent(self):
        with at():
            beat("edge", "gone")
        with at(days=1, seconds=1):
            beat("edge", "here")
            tasks.sweep()
        assert list(Heartbeat.objects.values_list("process_id", flat=True)) == ["here"]


@pytest.fixture(autouse=True, scope="module")
def _all_tasks() -> None:
    celery.loader.import_default_modules()


def test_every_tick_names_a_task_that_exists_and_expires_before_the_next():
    entries = beat_entries()
    assert {
        "publishing.verify_snapshots",
        "publishing.sweep_parts",
        "signing.refresh_freshness",
        "jobs.sweep",
    } <= entries.keys()
    for name, entry in entries.items():
        assert entry["task"] in celery.tasks, name
        expires = entry.get("options", {}).get("expires") or celery.tasks[entry["task"]].expires
        assert expires <= entry["schedule"], name


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "task", ["publishing.verify_snapshots", "publishing.sweep_parts", "signing.refresh_freshness", "jobs.sweep"]
)
def test_every_tick_runs(task):
    celery.tasks[task]()
