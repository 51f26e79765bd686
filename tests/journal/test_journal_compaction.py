"""Many small files become few: the same rows, in one state for every reader, and the old files while they are read."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest

from analytics import store
from ferry.journal import compaction
from ferry.journal import selectors as journal
from ferry.journal.compaction import FAN, FULL_ROWS, MOST_ROWS, Small, worth_merging
from ferry.journal.lake import connect
from ferry.journal.models import RetiredFile, StoredFile
from ferry.journal.records import moment
from ferry.kernel import clock
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.jobs.models import Lease
from tests.analytics.events.sending import send, track
from tests.journal.world import DAY, HOUR, NOON, World


def small(*rows: int) -> list[Small]:
    return [Small(f"{number:026}", count) for number, count in enumerate(rows)]


def chosen(*rows: int, quiet: bool = False) -> list[int]:
    return sorted(file.rows for file in worth_merging(small(*rows), quiet=quiet))


class TestWorth:
    """Which files become one."""

    def test_files_of_one_size_once_there_are_enough(self):
        assert chosen(*[10] * (FAN - 1)) == []
        assert chosen(*[10] * FAN, 500, 70_000) == [10] * FAN

    def test_all_of_a_quiet_day(self):
        assert chosen(1, 500, 70_000, quiet=True) == [1, 500, 70_000]
        assert chosen(70_000, quiet=True) == []

    def test_large_files_are_left_alone(self):
        assert chosen(5, FULL_ROWS, 2 * FULL_ROWS, quiet=True) == []
        assert sum(chosen(*[FULL_ROWS - 1] * 40)) <= MOST_ROWS

    def test_a_row_is_written_again_seldom(self):
        """A file a second for a day, sixteen rows in each."""
        files: list[Small] = []
        written = 0
        most = 0
        for number in range(20_000):
            files.append(Small(f"{number:026}", 16))
            while merged := worth_merging(files, quiet=False):
                rows = sum(file.rows for file in merged)
                written += rows
                files = [file for file in files if file not in merged]
                files.append(Small(max(file.id for file in merged), rows))
            most = max(most, len(files))
        assert sum(file.rows for file in files) == 20_000 * 16
        assert most <= 4 * FAN
        assert written <= 5 * 20_000 * 16


def events(world: World) -> list[tuple[str, int]]:
    sql = "SELECT event, count(*) FROM read_parquet($1) GROUP BY ALL ORDER BY ALL"
    return store.query("events", world.app.id, sql, [], first=DAY - timedelta(days=1), last=DAY)


def steps(world: World, number: int) -> None:
    """So many steps of the loader, each with three events and a check-in."""
    for step in range(number):
        edge = world.edge()
        send(world, *(track(f"e{kind}", messageId=f"m{step}-{kind}") for kind in range(3)), edge=edge)
        edge.report("checkin", **world.checkin(f"d{step}", installed={"card": 1}))
        edge.report("device", **world.device(f"d{step}", message_id=f"d{step}"))
        edge.report("no.such.kind", anything=1)
        world.load()


def test_a_file_a_second_becomes_one_file(world: World):
    steps(world, FAN)
    files = StoredFile.objects.filter(host_app_id=world.app.id)
    assert files.filter(table="events").count() == FAN
    newest = files.filter(table="events").latest("pk").pk
    before = events(world)
    assert before == [("e0", FAN), ("e1", FAN), ("e2", FAN)]

    assert world.compact() == 3  # events, check-ins, and the quarantine of records that name no host app

    (merged,) = files.filter(table="events")
    assert (merged.rows, merged.pk) == (3 * FAN, newest)
    assert merged.bytes == (world.parquet / merged.path).stat().st_size
    assert events(world) == before
    assert files.filter(table="checkins").count() == 1
    sql = "SELECT count(DISTINCT device), min(installed[1].program) FROM read_parquet($1)"
    assert store.query("checkins", world.app.id, sql, [], first=DAY, last=DAY) == [(FAN, "card")]
    assert world.compact() == 0


def test_a_merged_file_is_sorted_and_knows_no_folder_as_a_column(world: World):
    steps(world, FAN)
    world.compact()
    (path,) = journal.files("events", world.app.id, first=DAY, last=DAY)
    with connect() as duckdb:
        source = "read_parquet($1, hive_partitioning = false)"
        rows = duckdb.execute(f"SELECT event, user_key, ts FROM {source}", [str(path)]).fetchall()
        columns = [row[0] for row in duckdb.execute(f"DESCRIBE SELECT * FROM {source}", [str(path)]).fetchall()]
    assert rows == sorted(rows)
    assert "day" not in columns


def test_a_day_to_which_nothing_comes_any_more_is_one_file_and_its_keys_too(world: World):
    steps(world, 3)
    assert world.compact() == 0, "today goes on"
    with clock.frozen(moment(NOON + 3 * HOUR)):
        assert world.compact() >= 2
        places = list(StoredFile.objects.values_list("table", "host_app_id", "day"))
        assert len(places) == len(set(places))
        send(world, *(track(f"e{kind}", messageId=f"m0-{kind}") for kind in range(3)))
        world.load()
    assert events(world) == [("e0", 3), ("e1", 3), ("e2", 3)], "the merged keys know what came before"


def test_a_query_over_old_files_comes_to_its_end(world: World):
    steps(world, FAN)
    old = [str(path) for path in journal.files("events", world.app.id, first=DAY, last=DAY)]
    with connect(threads=1) as duckdb:
        running = duckdb.execute("SELECT event FROM read_parquet($1)", [old])
        first = running.fetchone()
        world.compact()
        with clock.frozen(moment(NOON + HOUR) + compaction.KEPT - timedelta(minutes=1)):
            world.load()  # a new loader: it sweeps
            rest = running.fetchall()
            assert first is not None
            assert len(rest) == 3 * FAN - 1
            assert duckdb.execute("SELECT count(*) FROM read_parquet($1)", [old]).fetchone() == (3 * FAN,)
    with clock.frozen(moment(NOON + HOUR) + compaction.KEPT + timedelta(minutes=1)):
        world.load()
    on_disk = {path.relative_to(world.parquet).as_posix() for path in world.parquet.rglob("*.parquet")}
    assert on_disk == set(StoredFile.objects.values_list("path", flat=True))
    assert not RetiredFile.objects.exists()


def test_who_has_lost_the_lease_swaps_nothing(world: World):
    steps(world, FAN)
    before = set(StoredFile.objects.values_list("path", flat=True))

    def take_over(point: str) -> None:
        if point == "merge renamed":
            Lease.objects.update(token=99)

    with pytest.raises(LeaseLost):
        world.compact(crash_at=take_over)
    assert set(StoredFile.objects.values_list("path", flat=True)) == before
    assert not RetiredFile.objects.exists()


def test_a_file_that_cannot_be_read_stops_neither_loading_nor_the_other_merges(
    world: World, caplog: pytest.LogCaptureFixture
):
    steps(world, FAN)
    broken = StoredFile.objects.filter(table="checkins").latest("pk")
    (world.parquet / broken.path).write_bytes(b"no parquet")
    world.compact()
    assert StoredFile.objects.filter(table="checkins").count() == FAN
    assert StoredFile.objects.filter(table="events").count() == 1
    assert "stay as they are" in caplog.text


def test_the_loader_merges_between_its_steps(world: World):
    steps(world, FAN)
    loader = world.loader(pace_seconds=60)
    stop = Once()
    loader.run(stop)
    assert StoredFile.objects.filter(table="events").count() == 1


class Once(Event):
    """A stop that comes when the loader has nothing left to do."""

    def wait(self, timeout: float | None = None) -> bool:
        return bool(timeout)
