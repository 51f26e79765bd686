"""Where a request comes from, behind proxies: X-Forwarded-For in as many lines as they like."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

from ferry.edge.app import EdgeApp
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from tests.edge.published import APP_KEY, checkin_body

REAL, CLAIMED = "198.51.100.4", "192.0.2.66"


@pytest.fixture
def edge_settings(tmp_path: Path, edge_settings: EdgeSettings) -> EdgeSettings:
    return replace(edge_settings, trusted_proxies=(ip_network("203.0.113.0/24"),))


@pytest.mark.parametrize(
    "lines", [[REAL], [f"{CLAIMED}, {REAL}"], [CLAIMED, REAL]], ids=["one hop", "one line", "a line of its own"]
)
def test_a_line_that_the_client_sent_does_not_hide_the_one_of_the_proxy(
    client: SnapshotClient, edge: EdgeApp, lines: list[str]
) -> None:
    client.poll()
    headers = [("x-app-key", APP_KEY), *(("x-forwarded-for", line) for line in lines)]

    async def ask() -> None:
        transport = httpx.ASGITransport(edge, client=("203.0.113.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://edge.test", headers=headers) as phone:
            await phone.post("/v1/checkin", json=checkin_body())
            await phone.get("/v1/miniapps", params={"platform": "android"})

    asyncio.run(ask())
    assert set(edge.limits._addresses._young) == {REAL}
