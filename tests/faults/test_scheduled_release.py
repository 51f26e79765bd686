"""A scheduled release begins by itself, in the real tree: phones follow the date, the tick brings the row after it."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests import tree as trees

pytestmark = pytest.mark.processes

BUILD = """
import json
from datetime import timedelta
from ferry.kernel import clock
from tests.world import World
world = World.make("Pier")
world.release("1.0.0")
later = world.release("2.0.0", starts_at=clock.now() + timedelta(seconds=20))
print(json.dumps({"app_key": world.host_app.app_key, "program": world.program.program_id, "release": later.pk,
                  "state": later.state, "starts": later.starts_at.timestamp(), "token": world.token("admin")}))
"""
PATIENCE_S = 120.0


def _json(request: Request) -> dict[str, Any]:
    with urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def offered(tree: trees.Tree, made: dict[str, Any]) -> int:
    """The version code that a phone is offered now."""
    body = {"device": {"id": "d1", "platform": "android", "host_version": "6.3.0"}, "want": [made["program"]]}
    headers = {"X-App-Key": made["app_key"], "Content-Type": "application/json"}
    said = _json(Request(f"{tree.edge}/v1/checkin", data=json.dumps(body).encode(), headers=headers))
    return int(said["updates"][0]["code"])


def state(tree: trees.Tree, made: dict[str, Any]) -> str:
    """Where the release stands, as the management API says."""
    headers = {"Authorization": f"Bearer {made['token']}"}
    return str(_json(Request(f"{tree.site}/api/v1/releases/{made['release']}", headers=headers))["state"])


@pytest.mark.timeout(400)
def test_a_scheduled_release_begins_by_the_real_tick():
    with trees.running() as tree:
        made = json.loads(tree.manage("shell", "-v", "0", "-c", BUILD).strip().splitlines()[-1])
        assert made["state"] == "scheduled"
        until = time.monotonic() + PATIENCE_S
        seen = set()
        while (code := _offered_or_none(tree, made)) != 2:
            seen.add(code)
            assert time.monotonic() < until, f"phones get {code}"
            time.sleep(0.3)
        assert time.time() >= made["starts"], "nobody has it before its date"
        assert seen <= {None, 1}
        until = time.monotonic() + PATIENCE_S
        while state(tree, made) != "running":
            assert time.monotonic() < until, f"the tick has not begun it:\n{tree.tail()}"
            time.sleep(0.5)
        assert offered(tree, made) == 2


def _offered_or_none(tree: trees.Tree, made: dict[str, Any]) -> int | None:
    """None until the edge knows the new host app."""
    try:
        return offered(tree, made)
    except OSError:  # an HTTPError is one: 401 while the app key is unknown
        return None
