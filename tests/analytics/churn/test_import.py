"""A file of past events becomes an app's history: all of it or nothing, once, with times as they are."""

from __future__ import annotations

import io
import json
import threading
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from analytics.churn.errors import ImportRefused
from analytics.churn.models import EventImport
from ferry.journal import outside, selectors
from ferry.journal.lake import connect
from ferry.journal.models import StoredFile
from ferry.kernel.audit import selectors as audit
from tests.journal.world import World as Journal

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)
FILE = """user_id,event,timestamp,n,value
ada,open,2026-01-01T08:30:00,1,
ada,buy,2026-01-02 09:00:00,3,30
ben,open,2026-01-02 23:59:59,,
,open,2026-01-02 10:00:00,1,
eve,open,2999-01-01 00:00:00,1,
"""


def stored(world, columns="user_id, event, ts, properties"):
    paths = [str(path) for path in selectors.files("events", world.host_app.pk, first=FIRST, last=LAST)]
    with connect() as duckdb:
        return duckdb.execute(f"SELECT {columns} FROM read_parquet($1) ORDER BY ts, message_id", [paths]).fetchall()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "past.csv"
    path.write_text(FILE)
    return path


def test_events_stand_at_their_own_times_with_their_amounts(world, file):
    done = world.brings(file)
    assert (done.events, done.skipped, done.first_day, done.last_day) == (5, 2, date(2026, 1, 1), date(2026, 1, 2))
    rows = stored(world)
    assert [(user, event, str(ts)) for user, event, ts, _ in rows] == [
        ("ada", "open", "2026-01-01 08:30:00"),
        *[("ada", "buy", "2026-01-02 09:00:00")] * 3,
        ("ben", "open", "2026-01-02 23:59:59"),
    ]
    assert [json.loads(row[3])["value"] for row in rows[1:4]] == [10, 10, 10]
    assert len({row[0] for row in stored(world, "message_id")}) == 5
    assert {row[0] for row in stored(world, "received_at = ts")} == {True}
    assert {row[0] for row in stored(world, "consent_profiling")} == {None}


def test_the_accounting_and_the_audit_log_know_of_it(world, file):
    world.brings(file)
    (count,) = selectors.accounting(world.host_app.pk, date(2026, 1, 2)).kinds
    assert (count.kind, count.received, count.stored) == ("import", 4, 4)
    assert "events.imported" in {entry.action for entry in audit.entries(world.workspace)}


def test_the_same_file_counts_once(world, file, tmp_path):
    world.brings(file)
    copy = tmp_path / "copy.csv"
    copy.write_text(FILE)
    again = world.brings(copy)
    assert again.repeated
    assert again.events == 5
    assert len(stored(world)) == 5
    assert EventImport.objects.of(world.workspace).count() == 1
    other = world.host("Another app")
    world.host_app = other
    assert not world.brings(file).repeated


def test_the_command_says_what_it_did(world, file, tmp_path):
    out = io.StringIO()
    call_command("import_events", str(file), "--app", world.host_app.app_key, "--json", stdout=out)
    assert json.loads(out.getvalue()) == {
        "events": 5, "skipped": 2, "first_day": "2026-01-01", "last_day": "2026-01-02", "repeated": False,
    }  # fmt: skip
    with pytest.raises(CommandError, match="no such host app"):
        call_command("import_events", str(file), "--app", "fa_nobody")
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("import_events", str(tmp_path / "missing.csv"), "--app", world.host_app.app_key)


def test_what_fails_leaves_nothing_behind(world, file, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ferry.journal.lake.Lake.publish", full)
    with pytest.raises(OSError, match="No space left"):
        world.brings(file)
    assert EventImport.objects.of(world.workspace).count() == 0
    assert not StoredFile.objects.filter(table="events").exists()
    assert list((tmp_path / "events" / ".outside").iterdir()) == []


def test_a_file_without_a_past_is_refused(world, tmp_path):
    path = tmp_path / "future.csv"
    path.write_text("user_id,event,day\na,b,2999-01-01\n")
    with pytest.raises(ImportRefused, match="no past events"):
        world.brings(path)


@pytest.mark.django_db(transaction=True)
def test_a_loader_that_sweeps_meanwhile_takes_nothing_away(folders):
    """Files get their names before their rows are committed; the loader sweeps what has no row, and must wait."""
    journal = Journal()
    loader = journal.loader()
    swept = threading.Event()

    def sweep() -> None:
        try:
            loader.sweep()
        finally:
            swept.set()
            connections.close_all()

    sweeping = threading.Thread(target=sweep)
    lake_root = journal.parquet
    with outside.outside_lake(lake_root) as lake:
        files = [lake.copy(table="events", app=journal.app.pk, day=FIRST, query="SELECT 1 AS x")]

        def apply() -> None:
            sweeping.start()

        publish = lake.publish

        def named(given):
            publish(given)
            assert not swept.wait(0.5), "the sweep did not wait for the rows"

        lake.publish = named
        outside.publish(lake, files, kind="import", apply=apply)
    sweeping.join(60)
    assert swept.is_set()
    (path,) = selectors.files("events", journal.app.pk, first=FIRST, last=FIRST)
    assert path.exists()
