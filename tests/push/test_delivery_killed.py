"""kill -9 of a worker at any step: nobody is left out, and at most one batch per worker is sent twice."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from ferry.kernel import clock
from push import selectors, services
from push.engines.base import Outcome, Outgoing
from push.models import InboxEntry, Message, Shard
from push.rules.limits import BATCH
from tests.doomed import doomed, said
from tests.push.world import Counting, Harbour, channels

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
DEVICES = 1300


def worker(stage: str, path: Path, batch: int = 1) -> AbstractContextManager[subprocess.Popen[str]]:
    return doomed(Path(__file__).with_name("sender.py"), stage, str(path), str(batch))


def received(path: Path) -> Counter[str]:
    """Device and delivery id → how often a phone got it."""
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


class Remaining(Counting):
    """The channel of the worker that comes after: adds to the same file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        with self.path.open("a") as file:
            file.writelines(f"{copy.device_id} {copy.delivery_id}\n" for copy in batch)
        return [Outcome(copy.delivery_id, "ok") for copy in batch]


def take_over(path: Path) -> None:
    """Another worker, after the lease of the dead one has run out."""
    with clock.frozen(clock.now() + timedelta(minutes=2)), channels(apns=Remaining(path), own=Counting()):
        services.start_due()
        services.deliver()


@pytest.fixture
def harbour() -> Harbour:
    made = Harbour.make()
    made.devices(DEVICES)
    return made


@pytest.mark.parametrize(
    ("stage", "batch", "in_doubt"),
    [
        ("started", 1, 0),
        ("written", 1, 0),
        ("sending", 1, BATCH // 2),
        ("sent", 1, BATCH),
        ("sent", 2, BATCH),
        ("sent", 3, DEVICES - 2 * BATCH),
        ("settled", 1, 0),
        ("settled", 3, 0),
    ],
)
def test_killed_at_a_step(harbour, tmp_path, stage, batch, in_doubt):
    campaign, path = harbour.scheduled(), tmp_path / "received"
    with worker(stage, path, batch) as process:
        assert said(process) == "here"
        process.kill()
        process.wait()
        take_over(path)
    phones = received(path)
    assert len(phones) == DEVICES  # nobody is left out, and every copy had the same id each time
    assert sum(count - 1 for count in phones.values()) == in_doubt
    assert max(phones.values()) <= 2
    assert harbour.states(campaign) == {("accepted", ""): DEVICES}
    assert harbour.again(campaign).state == "sent"
    assert selectors.messages(harbour.workspace).count() == 1


def test_two_workers_killed_while_they_deliver(harbour, tmp_path, monkeypatch):
    monkeypatch.setattr("push.services.lifecycle.SHARD", 300)
    path = tmp_path / "received"
    with channels(apns=Counting()):
        campaign = harbour.started()
    with worker("sent", path) as one, worker("sending", path) as two:
        assert said(one) == said(two) == "here"
        assert Shard.objects.of(harbour.workspace).filter(state=Shard.State.LEASED).count() == 2
        one.kill()
        two.kill()
        one.wait()
        two.wait()
        take_over(path)
    phones = received(path)
    assert len(phones) == DEVICES
    # At most the batch that each had in hand: one was killed after sending it, one in the midst of it.
    assert sum(count - 1 for count in phones.values()) <= 300 + 300
    assert harbour.states(campaign) == {("accepted", ""): DEVICES}


def test_two_workers_share_the_work_and_send_nothing_twice(harbour, tmp_path, monkeypatch):
    monkeypatch.setattr("push.services.lifecycle.SHARD", 50)
    paths = [tmp_path / "one", tmp_path / "two"]
    with channels(apns=Counting()):
        campaign = harbour.started()
    with worker("all", paths[0]) as one, worker("all", paths[1]) as two:
        assert said(one) == said(two) == "done"
    phones = received(paths[0]) + received(paths[1])
    assert len(phones) == DEVICES
    assert set(phones.values()) == {1}
    assert harbour.states(campaign) == {("accepted", ""): DEVICES}
    assert harbour.again(campaign).state == "sent"


class Inbox:
    """A channel in our own database: what it writes counts only with the ledger."""

    transactional = True
    fails_once = True

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        assert transaction.get_connection().in_atomic_block
        first = InboxEntry.objects.unscoped().count() + 1
        InboxEntry.objects.insert(
            InboxEntry(
                workspace_id=copy.workspace_id,
                host_app_id=copy.host_app_id,
                device_id=copy.device_id,
                position=first + place,
                message_id=copy.data["message"],
                payload={"title": copy.title},
                expires_at=copy.expires_at,
            )
            for place, copy in enumerate(batch)
        )
        if Inbox.fails_once:
            Inbox.fails_once = False
            raise KeyboardInterrupt  # the process dies after the inserts and before the commit
        return [Outcome(copy.delivery_id, "ok") for copy in batch]


def test_the_own_channel_is_written_exactly_once():
    harbour = Harbour.make()
    harbour.devices(700, vendor=False)
    with channels(own=Inbox()):
        campaign = harbour.started()
        with pytest.raises(KeyboardInterrupt):
            services.deliver()
        assert InboxEntry.objects.of(harbour.workspace).count() == 0
        with clock.frozen(clock.now() + timedelta(minutes=2)):
            services.deliver()
    entries = InboxEntry.objects.of(harbour.workspace).values_list("device_id", flat=True)
    assert len(entries) == len(set(entries)) == 700
    assert harbour.again(campaign).state == "sent"
    assert Message.objects.of(harbour.workspace).get().finished_at is not None
