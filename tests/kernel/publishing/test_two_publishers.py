"""Two publishers at once: a release that one of them halts must not come back through the other (rule 5).

The release is played by a host app that one publisher switches off while another changes its check interval. Each
saves the whole row that it read, as Django does. The same story is told once more with the lock moved behind the reads:
there the halt is undone, which shows that the story can fail and that the lock's place is what prevents it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable

import pytest
from django.db import connection

from ferry.kernel.audit import services as audit
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.models import HostApp
from ferry.kernel.publishing import selectors, services, sweeping, verification
from ferry.kernel.publishing.models import SnapshotVersion
from ferry.kernel.publishing.services import Publication, publishing, publishing_workspace
from tests.kernel.publishing.harbour import make_host_app, make_workspace, part_of, version_of
from tests.together import together

PATIENCE = 0.5  # seconds that one publisher gives the other to read what it should not be able to read yet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def running() -> HostApp:
    return make_host_app(make_workspace())


def all_at_once(*acts: Callable[[], None]) -> None:
    """Whatever one of the acts raises is raised here."""
    for outcome in together(*acts):
        if isinstance(outcome, BaseException):
            raise outcome


def halt_while_widening(host_app: HostApp) -> HostApp:
    """One publisher halts, one widens; each waits a while after reading, so that the other may read as well."""
    halt_has_read, widen_has_read, halted = threading.Event(), threading.Event(), threading.Event()

    def halt() -> None:
        with publishing(host_app) as publication:
            row = publication.host_app
            halt_has_read.set()
            widen_has_read.wait(PATIENCE)
            row.active = False
            row.save()
            publication.changed("app")
        halted.set()

    def widen() -> None:
        with publishing(host_app) as publication:
            row = publication.host_app
            widen_has_read.set()
            halt_has_read.wait(PATIENCE)
            halted.wait(PATIENCE)
            row.check_interval_s = 60
            row.save()
            publication.changed("app")

    all_at_once(halt, widen)
    return services.read_host_app(host_app.pk)


def test_a_halt_and_a_change_at_once_both_hold(running):
    after = halt_while_widening(running)
    assert (after.active, after.check_interval_s) == (False, 60)
    shown = json.loads(part_of(running, "app:"))
    assert (shown["active"], shown["check_interval_s"]) == (False, 60)
    assert version_of(running) == 3


def test_with_the_lock_moved_behind_the_reads_the_halt_is_undone(running, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's IMMEDIATE transactions admit one writer at a time, wherever the lock stands")
    lock, finish = services._lock_one, services._finish

    def read_without_lock(host_app: HostApp) -> list[SnapshotVersion]:
        return [SnapshotVersion.objects.get(pk=host_app.pk)]

    def lock_late(publications: Iterable[Publication]) -> None:
        for publication in publications:
            (publication.row,) = lock(publication.host_app)
        finish(publications)

    monkeypatch.setattr(services, "_lock_one", read_without_lock)
    monkeypatch.setattr(services, "_finish", lock_late)
    after = halt_while_widening(running)
    assert after.active is True
    assert json.loads(part_of(running, "app:"))["active"] is True


def test_many_publishers_lose_nothing(running, board):
    def publish(key: str) -> Callable[[], None]:
        def act() -> None:
            for round_ in range(5):
                board.bodies[key] = {"n": round_}
                with publishing(running) as publication:
                    publication.changed("board", key)

        return act

    all_at_once(*(publish(key) for key in "abcd"))
    version, manifest, _ = selectors.manifest(running.pk)
    assert version == 1 + 4 * 5
    assert {f"board:{key}" for key in "abcd"} <= manifest.keys()
    assert verification.verify_snapshots() == []


def test_workspaces_host_apps_and_sweeps_do_not_block_each_other_for_ever(running, board):
    """Every order of locking that the product has, at once. A deadlock would raise here."""
    other = make_host_app(running.workspace, "Other")
    board.bodies = {"a": {"n": 0}}

    def one(host_app: HostApp) -> None:
        for number in range(6):
            board.bodies["a"] = {"n": number % 2}  # equal parts, named by both host apps, come and go
            with publishing(host_app) as publication:
                audit.record(actor=system(host_app.workspace), action="board.changed", target=host_app)
                publication.changed("board", "a")

    def all_of_them() -> None:
        for _ in range(6):
            with publishing_workspace(running.workspace) as publications:
                publications.changed("board", "a")

    def new_ones() -> None:
        for number in range(3):
            make_host_app(running.workspace, f"New {number}")

    def sweeps() -> None:
        for _ in range(6):
            sweeping.sweep_parts()
            verification.verify_snapshots()

    all_at_once(lambda: one(running), lambda: one(other), all_of_them, new_ones, sweeps)
    board.bodies["a"] = {"n": 7}
    with publishing_workspace(running.workspace) as publications:
        publications.changed("board", "a")
    assert verification.verify_snapshots() == []


def test_a_new_host_app_and_a_change_of_the_workspace_do_not_miss_each_other(running, board):
    board.bodies = {"a": {"n": 1}}

    def change() -> None:
        with publishing_workspace(running.workspace) as publications:
            board.bodies["a"] = {"n": 2}
            publications.changed("board", "a")

    all_at_once(change, lambda: make_host_app(running.workspace, "New"))
    heads = SnapshotVersion.objects.values_list("manifest", flat=True)
    assert len({manifest["board:a"]["sha"] for manifest in heads}) == 1
