"""Inboxes: positions become visible in order, so that nobody who follows them misses anything."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from ferry.kernel import clock, ids
from push.inbox import reading, writing
from push.inbox.reading import Entry
from push.inbox.writing import Envelope, append
from push.models import InboxEntry, PositionCounter
from push.stream.hub import Connection, Hub
from push.stream.poller import Poller
from tests.push.world import Harbour

pytestmark = pytest.mark.django_db(transaction=True)
DEVICES = ("anna", "ben", "cleo")


def envelope(harbour: Harbour, device: str, *, message: str = "", user: str = "", seconds: float = 600) -> Envelope:
    return Envelope(
        workspace_id=harbour.workspace.pk,
        host_app_id=harbour.app.pk,
        device_id=device,
        user=user,
        message_id=message or ids.new(),
        payload={"title": device},
        expires_at=clock.now() + timedelta(seconds=seconds),
    )


def put(*envelopes: Envelope) -> None:
    with transaction.atomic():
        append(envelopes)


def waiting(harbour: Harbour, device: str, *, since: int = 0, limit: int = 100) -> reading.Waiting:
    return reading.waiting(
        workspace_id=harbour.workspace.pk, host_app_id=harbour.app.pk, device_id=device, since=since, limit=limit
    )


def in_thread(act: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_two_senders_and_no_stream_misses_a_message(harbour: Harbour):
    """Streams open at any moment while two senders append; each gets everything of its device, in order, once."""
    hub, handed, over = Hub(1_000), queue.SimpleQueue[list[Entry]](), threading.Event()
    hub.ready = True
    poller = Poller(hub, lambda entries: handed.put(list(entries)))
    put(envelope(harbour, "anna"))
    poller.poll()
    failures: list[BaseException] = []

    def sender(seed: int) -> None:
        drawn = random.Random(seed)
        try:
            for _ in range(50):
                with transaction.atomic():
                    append([envelope(harbour, drawn.choice(DEVICES)) for _ in range(drawn.randint(1, 5))])
                    for _ in range(drawn.randint(0, 3)):  # some take longer until they commit
                        PositionCounter.objects.count()
        except BaseException as wrong:
            failures.append(wrong)
            raise

    def follow() -> None:
        while not over.is_set():
            poller.poll()
        poller.poll()

    senders = [in_thread(lambda seed=seed: sender(seed)) for seed in (1, 2)]
    follower = in_thread(follow)
    streams: list[tuple[Connection, list[int]]] = []
    while any(thread.is_alive() for thread in senders):
        device = random.choice(DEVICES)
        stream = Connection((harbour.app.pk, device), None)
        hub.add(stream)
        found = waiting(harbour, device, limit=10_000).entries
        stream.sent_to = max([0, *(entry.position for entry in found)])
        streams.append((stream, [entry.position for entry in found]))
        _hand_over(hub, handed, streams)
        if hub.open > 20:
            hub.remove(streams[6][0])  # it hangs up, and is not looked at any more
            del streams[6]
    for thread in senders:
        thread.join()
    over.set()
    follower.join()
    _hand_over(hub, handed, streams)
    assert not failures
    every: dict[str, list[int]] = defaultdict(list)
    rows = InboxEntry.objects.of(harbour.workspace).order_by("position")
    for device, position in rows.values_list("device_id", "position"):
        every[device].append(position)
    assert sum(map(len, every.values())) > 200
    open_to_the_end = [(stream, got) for stream, got in streams if stream.end is None]
    assert len(open_to_the_end) >= len(DEVICES)
    for stream, got in open_to_the_end:
        assert got == every[stream.key[1]]


def _hand_over(hub: Hub, handed: queue.SimpleQueue[list[Entry]], streams: list[tuple[Connection, list[int]]]) -> None:
    while not handed.empty():
        hub.deliver(handed.get())
    for stream, got in streams:
        got += [entry.position for entry in stream.take()]


def test_what_is_not_committed_hides_what_comes_after_it(harbour: Harbour):
    """The second sender waits for the first, so its entries are never visible before those of the first."""
    put(envelope(harbour, "anna"))
    before = reading.latest()
    holds, lets_go, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            append([envelope(harbour, "anna")])
            holds.set()
            lets_go.wait(10)

    def quick() -> None:
        holds.wait(10)
        put(envelope(harbour, "ben"))
        done.set()

    threads = [in_thread(slow), in_thread(quick)]
    holds.wait(10)
    assert not done.wait(0.2)  # it cannot: this is the longest that a correct one is given to go wrong
    assert reading.latest() == before
    lets_go.set()
    for thread in threads:
        thread.join()
    found = reading.addressees(after=before, upto=reading.latest(), limit=10)
    assert [device for _, _, device in found] == ["anna", "ben"]


def test_a_sender_that_fails_leaves_no_gap_that_anybody_waits_for(harbour: Harbour):
    with transaction.atomic():
        append([envelope(harbour, "anna")])
        transaction.set_rollback(True)
    put(envelope(harbour, "anna"))
    assert len(waiting(harbour, "anna").entries) == 1


def test_positions_outside_a_transaction_are_refused(harbour: Harbour):
    with pytest.raises(RuntimeError):
        append([envelope(harbour, "anna")])


def test_a_database_from_a_backup_goes_on_above_the_cursors_of_phones(harbour: Harbour):
    put(envelope(harbour, "anna"))
    cursor = waiting(harbour, "anna").entries[-1].position
    InboxEntry.objects.of(harbour.workspace).delete()
    PositionCounter.objects.all().delete()
    put(envelope(harbour, "anna"))
    assert len(waiting(harbour, "anna", since=cursor).entries) == 1


def test_a_clock_that_goes_back_does_not_take_positions_back(harbour: Harbour):
    ahead = time.time_ns() // 1000 + 3_600_000_000
    PositionCounter.objects.create(name=writing.COUNTER, value=ahead)
    put(envelope(harbour, "anna"), envelope(harbour, "ben"))
    assert reading.latest() == ahead + 2
    assert [entry.position for entry in waiting(harbour, "ben").entries] == [ahead + 2]


def test_a_second_copy_for_a_device_is_left_out(harbour: Harbour):
    put(envelope(harbour, "anna", message="m1"))
    put(envelope(harbour, "anna", message="m1"), envelope(harbour, "ben", message="m1"))
    assert len(waiting(harbour, "anna").entries) == 1
    assert len(waiting(harbour, "ben").entries) == 1


def test_expired_entries_are_not_shown_and_are_swept(harbour: Harbour):
    put(envelope(harbour, "anna", seconds=60), envelope(harbour, "anna", seconds=600))
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert len(waiting(harbour, "anna").entries) == 1
        assert writing.sweep() == 1
        assert writing.sweep() == 0
        assert len(waiting(harbour, "anna").entries) == 1


def test_reading_in_pieces_tells_that_there_is_more(harbour: Harbour):
    put(*(envelope(harbour, "anna") for _ in range(5)))
    first = waiting(harbour, "anna", limit=3)
    assert (len(first.entries), first.more) == (3, True)
    rest = waiting(harbour, "anna", since=first.entries[-1].position, limit=3)
    assert (len(rest.entries), rest.more) == (2, False)


def test_what_was_meant_for_a_user_is_not_shown_to_the_next_one(harbour: Harbour):
    harbour.devices(1, prefix="phone", vendor=False, bound_user="anna")
    device = "phone00000"
    put(envelope(harbour, device, user="anna"), envelope(harbour, device))
    assert len(waiting(harbour, device).entries) == 2
    for holder in ("ben", ""):
        harbour.change(device, bound_user=holder)
        assert [entry.user for entry in waiting(harbour, device).entries] == [""]
    harbour.change(device, bound_user="anna")
    assert len(waiting(harbour, device).entries) == 2


def test_opening_reads_once_and_by_an_index(harbour: Harbour, django_assert_num_queries: Callable[[int], object]):
    put(*(envelope(harbour, device) for device in DEVICES))
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        waiting(harbour, "anna")
    if connection.vendor == "sqlite":
        plan = InboxEntry.objects.of(harbour.workspace).filter(
            host_app_id=harbour.app.pk, device_id="anna", position__gt=0
        )
        assert "push_inbox_of_device" in plan.order_by("position").explain()


def test_hints_go_out_after_the_commit(harbour: Harbour, monkeypatch: pytest.MonkeyPatch):
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(writing, "say", lambda channel, words: said.append((channel, words)))
    with transaction.atomic():
        append([envelope(harbour, "anna")])
        assert said == []
    assert said == [("ferry:inbox", str(reading.latest()))]
