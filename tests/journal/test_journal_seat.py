"""A killed loader's successor on the same host need not wait; one that lives, or ran elsewhere, is never hurried."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferry.journal.seat import Seat

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_lease_of_a_dead_loader_passes_at_once(tmp_path: Path):
    killed = Seat(tmp_path, "loader", 60)
    first = killed.acquire()
    assert first is not None
    killed.close()  # as a kill does; the lease is not given back
    second = Seat(tmp_path, "loader", 60).acquire()
    assert second is not None
    assert second.token > first.token
    assert not first.renew()


def test_a_living_loader_keeps_its_lease(tmp_path: Path):
    living = Seat(tmp_path, "loader", 60)
    held = living.acquire()
    assert held is not None
    waiting = Seat(tmp_path, "loader", 60)
    assert waiting.acquire() is None
    assert held.renew()
    held.release()
    assert waiting.acquire() is not None, "standing in while the other process still lives"


def test_a_loader_of_another_host_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere = Seat(tmp_path, "loader", 60)
    with monkeypatch.context() as there:
        there.setattr("socket.gethostname", lambda: "elsewhere")
        held = elsewhere.acquire()
    assert held is not None
    elsewhere.close()
    assert Seat(tmp_path, "loader", 60).acquire() is None
    assert held.renew()
