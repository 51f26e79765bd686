"""The simulated phones verify for real: a demo that could not fail would show nothing."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest

from examples.demo.devices import Fleet, Unverified
from tests.browser.misbehaving import APP_KEY, MisbehavingEdge

PROGRAM = "2026112100000001"


@pytest.fixture
def edge() -> Iterator[MisbehavingEdge]:
    with MisbehavingEdge() as running:
        running.publish(PROGRAM, 1)
        yield running


def arrive(edge: MisbehavingEdge, size: int = 3) -> Fleet:
    async def run() -> Fleet:
        async with Fleet(edge.url, APP_KEY, PROGRAM, size=size, seed="test-phones") as fleet:
            await fleet.register(lambda done, total: None)
            await fleet.check_in(fleet.phones, lambda done, total: None)
        return fleet

    return asyncio.run(run())


def test_each_phone_downloads_and_verifies_for_itself(edge):
    fleet = arrive(edge)
    assert fleet.on_versions() == {1: 3}
    assert (fleet.counts.downloads, fleet.counts.verified) == (3, 3)
    assert len(edge.calls("GET /packages")) == 3


def test_changed_bytes_are_not_installed(edge):
    edge.packages = {sha: content[:-1] + b"\x01" for sha, content in edge.packages.items()}
    with pytest.raises(Unverified):
        arrive(edge)


def test_somebody_elses_signature_is_not_believed(edge):
    raw = bytearray(base64.b64decode(edge.offers[PROGRAM]["signature"]["value"]))
    raw[-1] ^= 1
    edge.offers[PROGRAM]["signature"]["value"] = base64.b64encode(raw).decode()
    with pytest.raises(Unverified):
        arrive(edge, size=1)


def test_a_busy_edge_is_waited_for(edge):
    edge.fail("POST /v1/checkin", status=429, headers={"Retry-After": "0"})
    fleet = arrive(edge, size=1)
    assert fleet.counts.waited == 1
    assert fleet.on_versions() == {1: 1}
