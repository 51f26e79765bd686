"""How published state reaches an edge, and what remains when the database is away."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from ferry.edge import registry
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from tests.edge.published import APP_KEY, DEVICE_SECRET, Published, app_body, program_body, release_body


def seen(client: SnapshotClient) -> HostAppSnapshot:
    """What requests would be answered from now."""
    snapshot = client.snapshots.find(APP_KEY.encode())
    assert snapshot is not None
    return snapshot


def another(client: SnapshotClient, source: Any, settings: EdgeSettings) -> SnapshotClient:
    """The edge process, started again with the same disk."""
    return SnapshotClient(
        snapshots=Snapshots(), source=source, disk=DiskCopy(settings.state_dir), edge_url=settings.edge_url
    )


class TestChanges:
    """A poll takes over what changed and nothing else."""

    def test_only_new_parts_are_fetched_and_loaded(self, published: Published, client: SnapshotClient) -> None:
        published.program(program_body("news", release_body(1)))
        published.program(program_body("card", release_body(1)))
        client.poll()
        before, news = seen(client), seen(client).part("program")["news"]
        published.asked.clear()
        published.program(program_body("card", release_body(2)))
        client.poll()
        assert len(published.asked) == 1
        assert seen(client).part("program")["news"] is news
        assert seen(client).part("program")["card"] is not before.part("program")["card"]

    def test_whoever_reads_an_old_snapshot_keeps_a_whole_one(
        self, published: Published, client: SnapshotClient
    ) -> None:
        published.program(program_body("news", release_body(1)))
        client.poll()
        old = seen(client)
        published.others.clear()
        published.version += 1
        client.poll()
        assert set(old.part("program")) == {"news"}
        assert set(seen(client).part("program")) == set()

    def test_nothing_is_asked_while_nothing_changes(self, published: Published, client: SnapshotClient) -> None:
        client.poll()
        published.asked.clear()
        snapshot = seen(client)
        client.poll()
        assert published.asked == []
        assert seen(client) is snapshot

    def test_a_changed_segment_reloads_the_programs_that_use_it(
        self, published: Published, client: SnapshotClient
    ) -> None:
        published.others["segment:vip"] = {"id": "vip", "name": "VIP", "constraints": []}
        published.program(program_body("news", release_body(1, rule={"any": [{"segments": ["vip"]}]})))
        published.program(program_body("card", release_body(1)))
        client.poll()
        before = seen(client).part("program")
        gold = {"contextName": "tier", "operator": "IN", "values": ["gold"]}
        published.others["segment:vip"] = {"id": "vip", "name": "VIP", "constraints": [gold]}
        published.version += 1
        client.poll()
        after = seen(client).part("program")
        assert after["news"] is not before["news"]
        assert after["card"] is before["card"]

    def test_a_segment_that_appears_later_is_noticed(self, published: Published, client: SnapshotClient) -> None:
        published.program(program_body("news", release_body(1, rule={"any": [{"segments": ["vip"]}]})))
        client.poll()
        before = seen(client).part("program")["news"]
        published.others["segment:vip"] = {"id": "vip", "name": "VIP", "constraints": []}
        published.version += 1
        client.poll()
        assert seen(client).part("program")["news"] is not before

    def test_a_version_that_steps_back_is_taken_over(self, published: Published, client: SnapshotClient) -> None:
        published.version = 9
        client.poll()
        published.version = 4  # a backup was restored
        client.poll()
        assert seen(client).version == 4

    def test_a_host_app_that_is_gone(self, published: Published, client: SnapshotClient) -> None:
        client.poll()
        published.versions = lambda: []  # type: ignore[method-assign]
        client.poll()
        assert client.snapshots.find(APP_KEY.encode()) is None
        assert client.disk.apps() == []


class TestFailures:
    """The last good state stays."""

    def test_the_database_is_away(self, published: Published, client: SnapshotClient) -> None:
        client.poll()
        snapshot = seen(client)
        published.away = True
        assert client.poll() is False
        assert seen(client) is snapshot
        published.away, published.version = False, 2
        assert client.poll() is True
        assert seen(client).version == 2
        assert client.snapshots.error == ""

    def test_a_part_without_bytes_keeps_the_version_before(self, published: Published, client: SnapshotClient) -> None:
        client.poll()
        published.program(program_body("news", release_body(1)))
        parts = published.parts
        published.parts = lambda shas: {}  # type: ignore[method-assign]
        assert client.poll() is False
        assert seen(client).version == 1
        assert "no bytes" in client.snapshots.error
        published.parts = parts  # type: ignore[method-assign]
        assert client.poll() is True
        assert seen(client).version == 2

    def test_bytes_of_another_hash_count_as_missing(self, published: Published, client: SnapshotClient) -> None:
        client.poll()
        published.program(program_body("news", release_body(1)))
        honest = published.parts
        published.parts = lambda shas: {sha: body + b" " for sha, body in honest(shas).items()}  # type: ignore[method-assign]
        assert client.poll() is False
        assert seen(client).version == 1

    def test_one_part_that_cannot_be_read_does_not_hold_up_the_rest(
        self, published: Published, client: SnapshotClient
    ) -> None:
        published.program(program_body("news", release_body(1)))
        client.poll()
        news = seen(client).part("program")["news"]
        published.others["program:news"] = {"id": "news", "surprise": True}
        published.program(program_body("card", release_body(1)))
        client.poll()
        assert seen(client).part("program")["news"] is news
        assert "card" in seen(client).part("program")
        assert len(client.snapshots.failed_parts) == 1
        published.program(program_body("news", release_body(2)))
        client.poll()
        assert not client.snapshots.failed_parts

    def test_what_was_taken_before_the_database_went_away_is_shown_by_the_next_poll(
        self, published: Published, client: SnapshotClient, edge_settings: EdgeSettings
    ) -> None:
        client.poll()
        for kept in (edge_settings.state_dir / "parts").iterdir():
            kept.unlink()  # so that saving has to ask once more
        published.program(program_body("news", release_body(1)))
        honest, answers = published.parts, iter([True])

        def once(shas: Any) -> Any:
            if next(answers, False):
                return honest(shas)
            raise OperationalError("the database is away")

        published.parts = once  # type: ignore[method-assign]
        assert client.poll() is False
        published.parts = honest  # type: ignore[method-assign]
        assert client.poll() is True
        assert seen(client).version == 2

    def test_a_full_disk_costs_no_answer(
        self, published: Published, client: SnapshotClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*args: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(DiskCopy, "save", full)
        assert client.poll() is True
        assert seen(client).version == 1


class TestDisk:
    """An edge starts while the database is away."""

    def test_it_answers_from_the_last_good_state(
        self, published: Published, client: SnapshotClient, edge_settings: EdgeSettings
    ) -> None:
        testers = published.store(["ann"])
        rule = {"any": [{"allowlist": {"field": "userId", "set": testers}}]}
        published.program(program_body("news", release_body(1, rule=rule)), sets=(testers,))
        published.freshness = {"statement": {}, "signature": {}}
        client.poll()
        published.away = True
        again = another(client, published, edge_settings)
        again.load_disk()
        again.poll()
        assert again.snapshots.source == "disk"
        assert again.snapshots.checked_at > 0
        assert seen(again).version == seen(client).version
        assert set(seen(again).part("program")) == {"news"}
        assert seen(again).freshness == published.freshness

    def test_when_the_database_is_back_nothing_is_fetched_twice(
        self, published: Published, client: SnapshotClient, edge_settings: EdgeSettings
    ) -> None:
        published.program(program_body("news", release_body(1)))
        client.poll()
        again = another(client, published, edge_settings)
        again.load_disk()
        published.asked.clear()
        again.poll()
        assert again.snapshots.source == "database"
        assert published.asked == []

    def test_secrets_stay_sealed_there(
        self, published: Published, client: SnapshotClient, edge_settings: EdgeSettings
    ) -> None:
        client.poll()
        written = b"".join(path.read_bytes() for path in edge_settings.state_dir.rglob("*") if path.is_file())
        assert DEVICE_SECRET not in written
        assert seen(client).app.devices.key == DEVICE_SECRET
        assert DEVICE_SECRET.decode() not in repr(seen(client).app)

    @pytest.mark.parametrize("harm", ["torn part", "torn manifest", "missing part"])
    def test_harmed_files_are_no_state(
        self, published: Published, client: SnapshotClient, edge_settings: EdgeSettings, harm: str
    ) -> None:
        client.poll()
        part = next((edge_settings.state_dir / "parts").iterdir())
        manifest = next((edge_settings.state_dir / "apps").iterdir())
        if harm == "torn part":
            part.write_bytes(part.read_bytes()[:-5])
        elif harm == "torn manifest":
            manifest.write_bytes(manifest.read_bytes()[:-5])
        else:
            part.unlink()
        again = another(client, published, edge_settings)
        again.load_disk()
        assert not again.snapshots.ready
        again.poll()
        assert again.snapshots.ready

    def test_what_nobody_names_any_more_is_removed(
        self, published: Published, client: SnapshotClient, edge_settings: EdgeSettings
    ) -> None:
        published.program(program_body("news", release_body(1)))
        client.poll()
        for code in range(2, 6):
            published.program(program_body("news", release_body(code)))
            client.poll()
        assert len(list((edge_settings.state_dir / "parts").iterdir())) == 2

    def test_only_this_user_may_read_them(self, client: SnapshotClient, edge_settings: EdgeSettings) -> None:
        client.poll()
        modes = {path.stat().st_mode & 0o077 for path in (edge_settings.state_dir / "parts").iterdir()}
        assert modes == {0}


def test_a_hint_makes_it_ask_at_once(published: Published, edge_settings: EdgeSettings) -> None:
    client = SnapshotClient(
        snapshots=Snapshots(),
        source=published,
        disk=DiskCopy(edge_settings.state_dir),
        edge_url=edge_settings.edge_url,
        interval=3600,
    )
    arrived = threading.Event()
    swap = client.snapshots.swap

    def swapped(apps: Any) -> None:
        swap(apps)
        if any(snapshot.version == 2 for snapshot in apps.values()):
            arrived.set()

    client.snapshots.swap = swapped  # type: ignore[method-assign]
    client.start()
    try:
        published.version = 2
        client.hint()
        assert arrived.wait(10)
    finally:
        client.stop()


def test_kinds_that_nobody_reads_are_not_fetched(
    published: Published, client: SnapshotClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.others["weather:"] = {"rain": True}
    client.poll()
    assert "weather" not in registry._loaders
    assert len(published.asked) == 1
    assert seen(client).part("weather") == {}


def test_an_app_part_in_use_shows_no_secret(published: Published, client: SnapshotClient, tmp_path: Path) -> None:
    published.app = app_body()
    client.poll()
    assert "fs_" not in repr(seen(client).app)
