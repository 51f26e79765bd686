"""Limits hold for all edges together, and a strange device cannot use up another one's share."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

import pytest

from ferry.edge import server
from ferry.edge.app import EdgeApp
from ferry.edge.files import FileSender
from ferry.edge.limits import EdgeLimits
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.hostapp import AppPart
from ferry.kernel.errors import RateLimited
from tests.edge.published import APP_KEY, Caller, Notes, Published, app_body


@pytest.fixture
def app(published: Published, client: SnapshotClient) -> AppPart:
    published.app = app_body(limits={"checkins_per_second": 100})
    client.poll()
    snapshot = client.snapshots.find(APP_KEY.encode())
    assert snapshot is not None
    return snapshot.app


def passed(limits: EdgeLimits, app: AppPart, count: int, *, device: str = "", address: str = "a") -> int:
    """How many of `count` check-ins at one moment pass."""
    for _ in range(count):
        with suppress(RateLimited):
            limits.pass_checkin(app, device, address, 100.0)
    refused, limits.refused = limits.refused, 0
    return count - refused


def test_live_edges_share_the_limit_of_an_app(edge_settings: EdgeSettings, app: AppPart) -> None:
    alone, shared = EdgeLimits(edge_settings), EdgeLimits(edge_settings)
    shared.divide(4)
    assert passed(alone, app, 500) == 200
    assert passed(shared, app, 500) == 50


def test_a_share_can_change_while_it_counts(edge_settings: EdgeSettings, app: AppPart) -> None:
    limits = EdgeLimits(edge_settings)
    assert passed(limits, app, 10) == 10
    limits.divide(0)  # the heartbeat table cannot be read: at least this process lives
    assert limits.processes == 1


def test_verified_devices_behind_one_address_are_counted_apart(edge_settings: EdgeSettings, app: AppPart) -> None:
    tight = dataclasses.replace(edge_settings, address_burst=1.0, address_per_s=0.001, device_burst=1.0)
    limits = EdgeLimits(tight)
    assert [passed(limits, app, 2, device=f"d{number}") for number in range(5)] == [1] * 5
    assert passed(limits, app, 5) == 1


def test_a_changed_limit_counts_anew(
    edge_settings: EdgeSettings, app: AppPart, published: Published, client: SnapshotClient
) -> None:
    limits = EdgeLimits(edge_settings)
    assert passed(limits, app, 500) == 200
    assert passed(limits, dataclasses.replace(app, limits={"checkins_per_second": 200.0}), 500) == 400


@pytest.mark.parametrize(
    "path",
    [
        "/packages/" + "0" * 64,
        "/icons/" + "0" * 64 + ".png",
        "/keys/k1",
        "/v1/keys/x",
        "/v1/freshness/x",
        "/v1/offered/x",
        "/l/1abcdefgh",
    ],
)
def test_what_everybody_may_fetch_is_counted_by_address(
    path: str, client: SnapshotClient, notes: Notes, edge_settings: EdgeSettings
) -> None:
    client.poll()
    tight = dataclasses.replace(edge_settings, address_burst=2.0, address_per_s=0.001)
    edge = EdgeApp(settings=tight, snapshots=client.snapshots, journal=notes)
    sender = FileSender()
    server.add_own_routes(edge, sender)
    client.snapshots.next_poll = _at_once  # type: ignore[method-assign]
    answered = [Caller(edge)("GET", path) for _ in range(3)]
    sender.close()
    assert [answer.status_code for answer in answered] == [404, 404, 429]
    assert int(answered[2].headers["retry-after"]) >= 1
    assert answered[2].json()["error"]["code"] == "rate_limited"


async def _at_once(timeout: float) -> None:
    """The polls that an unknown hash waits for."""
