"""From the journal into Parquet and tables: once, complete, and accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import pytest

from analytics import selectors, store
from analytics.models import Device
from ferry.journal import metrics, registry
from ferry.journal import selectors as journal
from ferry.journal.loader import Loader
from ferry.journal.models import Cursor, StoredFile
from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from ferry.kernel.jobs import services as jobs
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.jobs.models import Lease
from tests.journal.world import DAY, HOUR, NOON, World
from tests.ports import free_port


def counts(world: World, kind: str, day: date = DAY) -> tuple[int, int, int, int, int]:
    """received, stored, duplicate, rejected, pending."""
    for row in selectors.accounting(world.workspace, world.app.id, day).kinds:
        if row.kind == kind:
            return row.received, row.stored, row.duplicate, row.rejected, row.pending
    return 0, 0, 0, 0, 0


def observed(world: World) -> list[str]:
    rows = store.query("checkins", world.app.id, "SELECT device FROM read_parquet($1)", [], first=DAY, last=DAY)
    return sorted(row[0] for row in rows)


def test_what_a_dead_edge_left_is_loaded_and_its_segment_removed(world: World):
    edge = world.edge()
    edge.report("device", **world.device("d1"))
    edge.report("checkin", **world.checkin("d1", installed={"card": 3}, arms=[["card", "r1", 3]]))
    edge.tear(b"deadbeef checkin {torn")
    assert counts(world, "device") == (1, 0, 0, 0, 1)

    world.load()

    assert selectors.device(world.workspace, world.app.id, "d1").installed == {"card": 3}
    assert observed(world) == ["d1"]
    assert counts(world, "device") == (1, 1, 0, 0, 0)
    assert counts(world, "checkin") == (1, 1, 0, 0, 0)
    assert not edge.path.exists()
    assert not Cursor.objects.exists()


def test_a_living_edges_segment_is_read_on_and_kept(world: World):
    edge = world.edge()
    lock = edge.live()
    edge.report("checkin", **world.checkin("d1"))
    world.load()
    edge.report("checkin", **world.checkin("d2"))
    edge.tear(b"half a li")
    world.load()
    assert observed(world) == ["d1", "d2"]
    assert edge.path.exists()
    edge.rotate()
    world.load()
    assert not folder_of(edge, 1).exists(), "a closed segment goes, with its torn tail"
    import os

    os.close(lock)


def folder_of(edge: object, number: int) -> Path:
    from ferry.journal import folder
    from tests.journal.world import Edge

    assert isinstance(edge, Edge)
    return folder.path_of(edge.root, folder.name_of(edge.process, edge.boot, number))


def test_a_message_counts_once_within_seven_days(world: World):
    edge, again = world.edge("1"), world.edge("2")
    edge.report("device", **world.device("d1", message_id="m1"))
    edge.report("device", **world.device("d1", message_id="m1"))
    world.load()
    again.report("device", **world.device("d1", message_id="m1", at=NOON + 24 * HOUR))
    again.report("bind", **world.bind("d1", "u1", message_id="m1"))  # another kind: another message
    world.load()
    assert counts(world, "device") == (2, 1, 1, 0, 0)
    assert counts(world, "device", date.fromordinal(DAY.toordinal() + 1)) == (1, 0, 1, 0, 0)
    assert counts(world, "bind") == (1, 1, 0, 0, 0)


def test_key_files_stay_few_and_remember_everything(world: World):
    for step in range(40):
        edge = world.edge()
        edge.report("device", **world.device(f"d{step}", message_id=f"m{step}"))
        world.load()
    keys = StoredFile.objects.filter(table="keys")
    assert keys.count() <= 7, "their number grows with the logarithm of the steps"
    assert sum(keys.values_list("rows", flat=True)) == 40
    on_disk = {path.relative_to(world.parquet).as_posix() for path in (world.parquet / "keys").rglob("*.parquet")}
    assert on_disk == set(keys.values_list("path", flat=True))
    edge = world.edge()
    for step in range(40):
        edge.report("device", **world.device(f"d{step}", message_id=f"m{step}"))
    world.load()
    assert counts(world, "device") == (80, 40, 40, 0, 0)


def test_what_cannot_be_stored_is_kept_in_the_quarantine_with_its_reason(world: World):
    edge = world.edge()
    edge.report("device", **world.device("d1", platform="x" * 500))
    edge.report("device", **world.device("d2", model="nul\0"))
    edge.report("device", **{**world.device("d3"), "host_app": "0" * 26})
    edge.write("device", b"no JSON at all")
    edge.write("device", b'{"host_app":"../../etc","at":1}')
    edge.report("no.such.kind", anything=1)
    edge.report("device", **world.device("d4"))
    world.load()
    assert counts(world, "device") == (3, 1, 0, 2, 0)
    refused = store.quarantine(world.app.id, DAY, limit=10)
    assert [item.reason for item in refused] == ["invalid", "invalid"]
    assert '"d1"' in refused[0].payload
    everything = StoredFile.objects.filter(table="quarantine").values_list("rows", flat=True)
    assert sum(everything) == 6
    assert sorted(Device.objects.of(world.workspace).values_list("device_id", flat=True)) == ["d4"]


def test_a_steps_size_does_not_change_the_result(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ferry.journal.folder._CHUNK", 2000)
    edges = [world.edge("1"), world.edge("2"), world.edge("3")]
    for number in range(60):
        edges[number % 3].report("checkin", **world.checkin(f"d{number:02}"))
    world.load(max_bytes=1)
    assert observed(world) == [f"d{number:02}" for number in range(60)]
    assert counts(world, "checkin") == (60, 60, 0, 0, 0)


def test_a_backlog_is_loaded_without_a_pause(world: World, monkeypatch: pytest.MonkeyPatch):
    """A look into the journal ends in the middle of a record nearly always; that is no sign of its end."""
    monkeypatch.setattr("ferry.journal.folder._CHUNK", 2000)
    edge = world.edge()
    for number in range(60):
        edge.report("checkin", **world.checkin(f"d{number:02}"))
    loader = world.loader(max_bytes=2000)
    stop = Pauses()
    loader.run(stop)
    assert len(stop.asked) > 3, "it took several steps"
    assert not any(stop.asked[:-1]), "a pause only when nothing is left"
    assert len(observed(world)) == 60


class Pauses(Event):
    """Stands for the loader's stop: notes the pauses it is asked for, and ends the run at the first real one."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        return bool(timeout)


def test_two_loaders_one_works(world: World):
    world.loader()
    assert jobs.acquire("journal.loader", 60) is None


def test_a_loader_whose_lease_was_taken_writes_nothing_more(world: World):
    world.edge().report("checkin", **world.checkin("d1"))

    def take_over(point: str) -> None:
        """While the first one is suspended, its lease runs out and another works."""
        if point == "renamed":
            Lease.objects.update(expires_at="2020-01-01T00:00:00Z")
            world.load()

    suspended = world.loader(crash_at=take_over)
    with pytest.raises(LeaseLost):
        suspended.step()
    with pytest.raises(LeaseLost):
        suspended.sweep()
    assert observed(world) == ["d1"]
    assert counts(world, "checkin") == (1, 1, 0, 0, 0)
    world.load()  # sweeps what the first one had renamed
    files = {path.relative_to(world.parquet).as_posix() for path in world.parquet.rglob("*.parquet")}
    assert files == set(StoredFile.objects.values_list("path", flat=True))


def exhaust(loader: Loader) -> None:
    """Step until nothing is left, or an error says that nothing helps."""
    for _ in range(100):
        loader.step()


class Moody:
    """A handler of kind "moody" that fails on some records, or on all."""

    def __init__(self) -> None:
        self.broken = False
        self.loaded: list[bytes] = []

    def measure(self, kind: str, payload: bytes) -> Measure:
        return Measure("app", DAY, 50 if payload == b"many" else 1)

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        for payload in records["moody"]:
            if self.broken or payload == b"poison":
                raise KeyError("no such thing")
            work.stored("moody", "app", DAY)
        return lambda: self.loaded.extend(records["moody"])


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Moody:
    handler = Moody()
    monkeypatch.setitem(registry._handlers, "moody", handler)
    return handler


def test_a_poisonous_record_is_put_aside_and_stops_nobody(world: World, moody: Moody):
    edge = world.edge()
    for number in range(50):
        edge.write("moody", b"poison" if number == 31 else b"%d" % number)
    edge.report("checkin", **world.checkin("d1"))
    world.load()
    assert moody.loaded == [b"%d" % number for number in range(50) if number != 31]
    assert observed(world) == ["d1"]
    assert [item.reason for item in store.quarantine("app", DAY, limit=10)] == ["handler_failed"]


def test_what_is_put_aside_rings_on_the_metrics_port(world: World, moody: Moody):
    told: Counter[tuple[str, str]] = Counter()
    port = free_port()
    stop = metrics.serve(told, port=port, bind="127.0.0.1")
    try:
        edge = world.edge()
        for payload in (b"1", b"poison", b"2"):
            edge.write("moody", payload)
        world.load(put_aside=told)
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            shown = answer.read().decode()
        assert 'ferry_loader_put_aside_total{host_app="app",kind="moody"} 1.0' in shown
        metrics.serve(told, port=port, bind="127.0.0.1")()  # taken: said in the log, no more
    finally:
        stop()


def test_a_record_of_many_events_is_put_aside_as_a_whole(world: World, moody: Moody, monkeypatch: pytest.MonkeyPatch):
    """Whether its handler fails on it at once, or only within the transaction."""

    def apply() -> None:
        raise ValueError("too late")

    def load(records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        if b"many" not in records["moody"]:
            return plain(records, work)
        work.stored("moody", "app", DAY, 50 + len(records["moody"]) - 1)
        return apply

    plain = moody.load
    monkeypatch.setattr(moody, "load", load)
    edge = world.edge()
    for payload in (b"1", b"many", b"2"):
        edge.write("moody", payload)
    edge.report("checkin", **world.checkin("d1"))
    assert {kind.kind: kind.pending for kind in journal.accounting("app", DAY).kinds} == {"moody": 52}
    world.load()
    assert moody.loaded == [b"1", b"2"]
    (kind,) = journal.accounting("app", DAY).kinds
    assert (kind.received, kind.stored, kind.rejected, kind.pending) == (52, 2, 50, 0)
    assert [(item.reason, item.payload) for item in store.quarantine("app", DAY, limit=10)] == [
        ("handler_failed", "many")
    ]


def test_a_record_that_cannot_even_be_measured_stops_nobody(
    world: World, moody: Moody, monkeypatch: pytest.MonkeyPatch
):
    def measure(kind: str, payload: bytes) -> Measure:
        raise RecursionError("too deep")

    monkeypatch.setattr(moody, "measure", measure)
    edge = world.edge()
    edge.write("moody", b"poison")
    edge.report("checkin", **world.checkin("d1"))
    world.load()
    assert observed(world) == ["d1"]
    assert sum(StoredFile.objects.filter(table="quarantine", host_app_id="").values_list("rows", flat=True)) == 1


def test_a_broken_handler_makes_the_journal_wait(world: World, moody: Moody):
    """Whatever fails for every record is not the records' fault: nothing more is put aside."""
    moody.broken = True
    edge = world.edge()
    for number in range(40):
        edge.write("moody", b"%d" % number)
    loader = world.loader()
    with pytest.raises(KeyError):
        exhaust(loader)
    assert len(store.quarantine("app", DAY, limit=100)) == 3
    assert edge.path.exists()
    moody.broken = False
    while loader.step():
        pass
    assert len(moody.loaded) == 37
    assert not edge.path.exists()


def test_four_poisonous_records_in_a_row_do_not_stop_everybody_for_ever(
    world: World, moody: Moody, monkeypatch: pytest.MonkeyPatch
):
    edge = world.edge()
    for _ in range(5):
        edge.write("moody", b"poison")
    edge.report("checkin", **world.checkin("d1"))
    loader = world.loader()
    with pytest.raises(KeyError):
        exhaust(loader)
    assert observed(world) == []
    monkeypatch.setattr("ferry.journal.loader._NEXT_ASIDE_S", 0.0)
    exhaust(loader)
    assert observed(world) == ["d1"]
    assert len(store.quarantine("app", DAY, limit=10)) == 5
    assert counts(world, "checkin") == (1, 1, 0, 0, 0)


def test_a_handler_that_loses_a_record_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch):
    class Forgetful(Moody):
        def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
            return lambda: None

    monkeypatch.setitem(registry._handlers, "moody", Forgetful())
    world.edge().write("moody", b"1")
    world.load()
    assert [item.reason for item in store.quarantine("app", DAY, limit=10)] == ["handler_failed"]


def test_lag_can_be_seen(world: World):
    edge = world.edge()
    edge.report("checkin", **world.checkin("d1"))
    assert journal.pending_bytes() == edge.path.stat().st_size
    world.load()
    assert journal.pending_bytes() == 0


def test_a_failing_database_or_disk_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch):
    world.edge().report("checkin", **world.checkin("d1"))
    loader = world.loader(pace_seconds=0)
    stop = Event()
    rename = loader._lake.publish
    attempts = []

    def full(files: object) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError(28, "No space left on device")
        rename(files)  # type: ignore[arg-type]
        stop.set()

    monkeypatch.setattr(loader._lake, "publish", full)
    monkeypatch.setattr("ferry.journal.loader._SHORTEST_PAUSE_S", 0.0)
    loader.run(stop)
    assert observed(world) == ["d1"]
    assert isinstance(loader, Loader)
