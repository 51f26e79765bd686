"""Receipts and vendors' tokens: from the device through edge and loader into the ledger and the addresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.selectors import accounting
from ferry.edge.app import EdgeApp
from ferry.edge.tokens import DeviceToken
from ferry.journal.loader import Loader
from ferry.journal.management.commands.run_loader import LEASE
from ferry.journal.records import moment
from ferry.kernel import clock, ids
from ferry.kernel.errors import Overloaded
from ferry.kernel.jobs import services as jobs
from push import services
from push.engines.own import OwnChannel
from push.models import Address, Delivery, Shard
from push.rules.ledger import State
from tests.edge.published import Caller, Notes
from tests.journal.world import NOON, Edge
from tests.push.phone import KEYS, make_edge, token
from tests.push.world import Counting, Harbour, answering, channels

pytestmark = pytest.mark.django_db(transaction=True)


class Post:
    """Brings records to the ledger as edge and loader do."""

    def __init__(self, harbour: Harbour, journal: Path) -> None:
        self.harbour = harbour
        self.edge = Edge(journal)
        self.seq = 0

    def receipt(self, device: str, message: str, event: str, *, at: int = NOON, **more: Any) -> None:
        self._report("receipt", device, message=message, event=event, at=at, **more)

    def address(self, device: str, told: str, *, at: int = NOON, channel: str = "apns", **more: Any) -> None:
        self._report("address", device, channel=channel, token=told, at=at, **more)

    def consent(self, device: str, *, at: int, marketing: bool) -> None:
        """The device reports itself anew."""
        self._report("device", device, at=at, consent={"analytics": True, "marketing": marketing})

    def _report(self, kind: str, device: str, **about: Any) -> None:
        self.seq += 1
        base = {"message_id": ids.new(), "host_app": self.harbour.app.pk, "device": device, "seq": self.seq}
        self.edge.report(kind, **{**base, **about})

    def load(self) -> None:
        lease = jobs.acquire(LEASE, 60)
        assert lease is not None
        loader = Loader(
            journal=Path(django_settings.FERRY_JOURNAL_DIR),
            parquet=Path(django_settings.FERRY_PARQUET_DIR),
            lease=lease,
        )
        while loader.step():
            pass
        lease.release()

    def counts(self, kind: str) -> tuple[int, int, int, int]:
        """received, stored, duplicate, rejected of the records' day."""
        account = accounting(self.harbour.workspace, self.harbour.app.pk, moment(NOON).date())
        found = next(count for count in account.kinds if count.kind == kind)
        return found.received, found.stored, found.duplicate, found.rejected


@pytest.fixture
def post(harbour: Harbour, folders: Path) -> Post:
    return Post(harbour, Path(django_settings.FERRY_JOURNAL_DIR))


@pytest.fixture
def sent(harbour: Harbour) -> Iterator[str]:
    """The id of a message that went to ten devices over the own channel."""
    with clock.frozen(moment(NOON - 60_000)), channels(own=OwnChannel()):
        harbour.devices(10, vendor=False)
        campaign = harbour.started()
        services.deliver()
        yield harbour.message(campaign).pk


def copy(harbour: Harbour, device: str) -> Delivery:
    return Delivery.objects.of(harbour.workspace).get(device_id=device)


def test_a_receipt_moves_its_copy_forward_and_never_back(harbour: Harbour, sent: str, post: Post):
    assert copy(harbour, "d00001").state == State.ACCEPTED
    post.receipt("d00001", sent, "arrived", at=NOON)
    post.load()
    row = copy(harbour, "d00001")
    assert (row.state, row.arrived_at, row.opened_at) == (State.ARRIVED, moment(NOON), None)
    post.receipt("d00001", sent, "opened", at=NOON + 5000)
    post.receipt("d00001", sent, "arrived", at=NOON + 9000)
    post.load()
    post.receipt("d00001", sent, "dismissed", at=NOON + 9500)
    post.receipt("d00001", sent, "opened", at=NOON + 9600)
    post.load()
    row = copy(harbour, "d00001")
    assert (row.state, row.arrived_at, row.opened_at) == (State.OPENED, moment(NOON), moment(NOON + 5000))
    assert row.dismissed_at == moment(NOON + 9500)
    assert post.counts("receipt") == (5, 5, 0, 0)


def test_opened_or_dismissed_alone_means_arrived(harbour: Harbour, sent: str, post: Post):
    post.receipt("d00001", sent, "opened")
    post.receipt("d00002", sent, "dismissed")
    post.load()
    opened, dismissed = copy(harbour, "d00001"), copy(harbour, "d00002")
    assert (opened.state, opened.arrived_at) == (State.OPENED, moment(NOON))
    assert (dismissed.state, dismissed.arrived_at) == (State.ARRIVED, moment(NOON))


def test_the_same_receipt_again_counts_once(harbour: Harbour, sent: str, post: Post):
    for _ in range(2):
        post.receipt("d00001", sent, "arrived", message_id="receipt-0001")
    post.receipt("d00002", sent, "arrived", message_id="receipt-0001")  # another device's ids are its own
    post.load()
    post.receipt("d00001", sent, "opened", message_id="receipt-0001")
    post.load()
    assert post.counts("receipt") == (4, 2, 2, 0)
    assert copy(harbour, "d00001").state == State.ARRIVED
    assert copy(harbour, "d00002").state == State.ARRIVED


def test_only_copies_that_were_given_to_a_channel_count(harbour: Harbour, post: Post, vendor: Counting):
    with clock.frozen(moment(NOON - 60_000)):
        harbour.devices(20)
        campaign = harbour.started(holdout_share=5000)
        services.deliver()
    message = harbour.message(campaign).pk
    held = Delivery.objects.of(harbour.workspace).filter(reason="held_out").values_list("device_id", flat=True)[0]
    post.receipt(held, message, "opened")
    post.receipt("nobody", message, "opened")
    post.receipt(held, ids.new(), "opened")
    post.load()
    assert post.counts("receipt") == (3, 0, 0, 3)
    assert copy(harbour, held).state == State.DROPPED


def test_a_message_of_another_host_app_is_not_touched(harbour: Harbour, sent: str, folders: Path):
    other = Harbour.make("Elsewhere")
    stranger = Post(other, Path(django_settings.FERRY_JOURNAL_DIR))
    stranger.receipt("d00001", sent, "opened")
    stranger.receipt("d00001", sent, "opened", host_app="0" * 26)
    stranger.receipt("d00001", sent, "sold")
    stranger.load()
    assert copy(harbour, "d00001").state == State.ACCEPTED
    assert stranger.counts("receipt") == (2, 0, 0, 2)


def test_a_receipt_before_the_channels_own_answer(harbour: Harbour, post: Post):
    """The phone is faster than the vendor's answer: the copy is not sent again, and the answer changes nothing."""

    def phone_reports() -> None:
        message = Delivery.objects.of(harbour.workspace).values_list("message_id", flat=True)[0]
        post.receipt("d00001", message, "opened")
        post.load()

    quick = Counting(after=phone_reports)
    with clock.frozen(moment(NOON - 60_000)), channels(apns=quick):
        harbour.devices(3)
        harbour.started()
        services.deliver()
    row = copy(harbour, "d00001")
    assert (row.state, row.shard_id) == (State.OPENED, None)
    assert copy(harbour, "d00002").state == State.ACCEPTED
    assert sum(quick.sent.values()) == 3


def test_a_copy_that_waits_for_another_attempt_and_has_arrived_is_not_sent_again(harbour: Harbour, post: Post):
    flaky = Counting(answer=answering("retry"))
    begun = moment(NOON - 60_000)
    with clock.frozen(begun), channels(apns=flaky):
        harbour.devices(1)
        campaign = harbour.started()
        services.deliver()
        assert copy(harbour, "d00000").state == State.WAITING
        post.receipt("d00000", harbour.message(campaign).pk, "arrived")
        post.load()
    with clock.frozen(begun + timedelta(hours=1)), channels(apns=flaky):
        services.deliver()
    assert copy(harbour, "d00000").state == State.ARRIVED
    assert sum(flaky.sent.values()) == 1


class TestAddresses:
    def rows(self, harbour: Harbour) -> dict[str, tuple[str, bool]]:
        """Device → token and whether it lives."""
        rows = Address.objects.of(harbour.workspace).filter(channel="apns")
        return {row.device_id: (row.token, row.dead_at is None) for row in rows}

    def test_the_newest_token_of_a_device_counts(self, harbour: Harbour, post: Post):
        post.address("anna", "aa" * 32, at=NOON)
        post.address("anna", "bb" * 32, at=NOON + 1000)
        post.load()
        post.address("anna", "cc" * 32, at=NOON + 500)  # on another edge, loaded later
        post.load()
        assert self.rows(harbour) == {"anna": ("bb" * 32, True)}
        post.address("anna", "", at=NOON + 2000)
        post.load()
        assert self.rows(harbour) == {"anna": ("", False)}

    def test_a_token_that_moves_to_a_new_device_leaves_the_old_one(self, harbour: Harbour, post: Post):
        post.address("old", "aa" * 32, at=NOON)
        post.load()
        post.address("new", "aa" * 32, at=NOON + 1000)
        post.load()
        assert self.rows(harbour) == {"old": ("", False), "new": ("aa" * 32, True)}

    def test_a_dead_token_lives_again_when_the_device_brings_it_anew(self, harbour: Harbour, post: Post):
        post.address("anna", "aa" * 32, at=NOON)
        post.load()
        Address.objects.of(harbour.workspace).update(dead_at=clock.now())
        post.address("anna", "aa" * 32, at=NOON + 1000)
        post.load()
        assert self.rows(harbour) == {"anna": ("aa" * 32, True)}

    def test_who_takes_consent_to_marketing_back_leaves_no_token_here(self, harbour: Harbour, post: Post):
        for device in ("anna", "ben"):
            post.consent(device, at=NOON, marketing=True)
            post.address(device, f"{device[0]}a" * 32, at=NOON + 1)
        post.load()
        assert set(self.rows(harbour)) == {"anna", "ben"}
        post.consent("anna", at=NOON + 1000, marketing=False)
        post.load()
        assert set(self.rows(harbour)) == {"ben"}

    @pytest.mark.parametrize("first", ["address", "consent"])
    def test_a_token_that_was_on_its_way_goes_too_in_whatever_order_both_are_loaded(
        self, harbour: Harbour, post: Post, first: str
    ):
        """Records of one device may lie in the segments of several edges, in one step of the loader or in two."""
        for device, steps in (("anna", 1), ("ben", 2)):
            reports = [
                lambda device=device: post.address(device, f"{device[0]}a" * 32, at=NOON),
                lambda device=device: post.consent(device, at=NOON + 1000, marketing=False),
            ]
            for report in reports if first == "address" else reversed(reports):
                report()
                if steps == 2:
                    post.load()
            post.load()
        assert self.rows(harbour) == {}
        assert post.counts("address") == (2, 2, 0, 0)

    def test_a_token_that_is_given_after_the_no_is_for_service_messages(self, harbour: Harbour, post: Post):
        post.consent("anna", at=NOON, marketing=False)
        post.address("anna", "aa" * 32, at=NOON + 1000)
        post.load()
        post.consent("anna", at=NOON + 500, marketing=False)  # loaded late
        post.load()
        assert self.rows(harbour) == {"anna": ("aa" * 32, True)}

    def test_another_app_may_have_the_same_token_and_the_same_device(self, harbour: Harbour, post: Post):
        other = Harbour.make("Elsewhere")
        stranger = Post(other, Path(django_settings.FERRY_JOURNAL_DIR))
        post.address("anna", "aa" * 32)
        post.load()
        stranger.edge.process = "1"
        stranger.address("anna", "aa" * 32, at=NOON + 1000)
        stranger.load()
        assert self.rows(harbour) == self.rows(other) == {"anna": ("aa" * 32, True)}


class TestAtTheEdge:
    @pytest.fixture
    def edge(self, harbour: Harbour, tmp_path: Path) -> EdgeApp:
        return make_edge(harbour, tmp_path)

    def notes(self, edge: EdgeApp) -> Notes:
        assert isinstance(edge.journal, Notes)
        return edge.journal

    def send(self, edge: EdgeApp, path: str, body: Any, *, device: str = "anna") -> Any:
        return Caller(edge)("POST", path, json=body, authorization=f"Device {token(device)}")

    def test_receipts_are_answered_when_the_journal_holds_them(self, edge: EdgeApp, harbour: Harbour):
        body = {
            "receipts": [
                {"message_id": "receipt-0001", "message": "01m", "event": "arrived"},
                {"message_id": "receipt-0002", "message": "01m", "event": "eaten"},
                {"message_id": "short", "message": "01m", "event": "opened"},
                7,
                {"message_id": "receipt-0003", "message": "01M'; --", "event": "opened"},
                {"message_id": "receipt-0004", "message": "01m", "event": "opened"},
            ]
        }
        answer = self.send(edge, "/v1/receipts", body)
        assert answer.status_code == 200
        assert answer.json()["taken"] == 2
        assert [refused["index"] for refused in answer.json()["refused"]] == [1, 2, 3, 4]
        assert all(refused["reason"] for refused in answer.json()["refused"])
        written = [(kind, record["device"], record["event"]) for kind, record in self.notes(edge).appended]
        assert written == [("receipt", "anna", "arrived"), ("receipt", "anna", "opened")]
        assert {record["host_app"] for _, record in self.notes(edge).appended} == {harbour.app.pk}

    def test_what_the_journal_refuses_is_not_acknowledged(self, edge: EdgeApp):
        self.notes(edge).refusal = Overloaded(retry_after=3)
        receipt = {"message_id": "receipt-0001", "message": "01m", "event": "arrived"}
        answer = self.send(edge, "/v1/receipts", {"receipts": [receipt]})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")

    def test_a_batch_is_bounded_and_needs_a_device(self, edge: EdgeApp):
        receipt = {"message_id": "receipt-0001", "message": "01m", "event": "arrived"}
        for receipts in ([], [receipt] * 101, "x", None):
            assert self.send(edge, "/v1/receipts", {"receipts": receipts}).status_code == 400
        assert Caller(edge)("POST", "/v1/receipts", json={"receipts": [receipt]}).status_code == 401

    def test_a_vendors_token_is_checked_and_written_down(self, edge: EdgeApp):
        path = "/v1/devices/addresses"
        good = {"message_id": "address-0001", "channel": "apns", "token": "AB" * 32}
        assert self.send(edge, path, good).json() == {"channel": "apns", "stored": True}
        assert self.send(edge, path, {**good, "token": ""}).json()["stored"]
        records = [record for kind, record in self.notes(edge).appended if kind == "address"]
        assert [record["token"] for record in records] == ["ab" * 32, ""]
        for wrong in ({"token": "xyz"}, {"token": "a" * 33}, {"channel": "pigeon"}, {"channel": "own", "token": "aa"}):
            assert self.send(edge, path, {**good, **wrong}).status_code == 400, wrong
        assert Caller(edge)("POST", path, json=good).status_code == 401

    def test_without_consent_where_it_is_required_nothing_is_kept(self, harbour: Harbour, tmp_path: Path):
        edge = make_edge(harbour, tmp_path, consent="required")
        silent = f"Device {KEYS.issue(DeviceToken('anna', 0, None, False))}"
        receipt = {"message_id": "receipt-0001", "message": "01m", "event": "arrived"}
        address = {"message_id": "address-0001", "channel": "apns", "token": "ab" * 32}
        call = Caller(edge)
        assert call("POST", "/v1/receipts", json={"receipts": [receipt]}, authorization=silent).status_code == 200
        assert not call("POST", "/v1/devices/addresses", json=address, authorization=silent).json()["stored"]
        assert self.notes(edge).appended == []


def test_the_ledgers_lock_order_is_the_workers(harbour: Harbour, sent: str, post: Post):
    """Shards are locked before their copies: a worker that settles its batch does the same."""
    row = copy(harbour, "d00001")
    shard = Shard.objects.of(harbour.workspace).get()
    Delivery.objects.of(harbour.workspace).filter(pk=row.pk).update(state=State.SENDING, shard=shard)
    post.receipt("d00001", sent, "arrived")
    with CaptureQueriesContext(connection) as queries:
        post.load()
    written = [
        query["sql"] for query in queries if "push_shard" in query["sql"] or "UPDATE push_delivery" in query["sql"]
    ]
    assert "push_shard" in written[0]
    assert "push_delivery" in written[-1]
    if connection.vendor == "postgresql":
        assert "FOR UPDATE" in written[0]
    assert copy(harbour, "d00001").shard_id is None
