"""kill -9 of each process while phones report; then start again: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests import tree as trees

pytestmark = pytest.mark.processes

# What dies together; one death stops the whole tree, so those that touch no report share a round.
DEATHS = (("edge",), ("loader",), ("site",), ("supervisor",), ("worker-push", "worker-heavy", "beat", "content"))


class Phones:
    """Keeps registering devices over real HTTP and remembers which registrations were acknowledged."""

    def __init__(self, edge: str, app_key: str) -> None:
        self.edge, self.app_key = edge, app_key
        self.acknowledged: dict[str, str] = {}  # message id → device id
        self.enough = threading.Event()

    def report(self, limit: int) -> None:
        """Register up to `limit` devices or until told that it is enough; a refused connection is tried again."""
        for _ in range(limit):
            if self.enough.is_set():
                return
            message = str(uuid.uuid4())
            body = json.dumps({"message_id": message, "platform": "android", "host_version": "6.3.0"})
            request = Request(
                f"{self.edge}/v1/devices",
                data=body.encode(),
                headers={"X-App-Key": self.app_key, "Content-Type": "application/json"},
            )
            try:
                with urlopen(request, timeout=5) as answer:
                    self.acknowledged[message] = json.load(answer)["device"]["id"]
            except HTTPError as refused:
                refused.close()
                time.sleep(0.05)
            except (URLError, OSError):
                time.sleep(0.05)


def devices_stored(tree: trees.Tree, made: dict) -> list[str]:
    """The device ids of the host app as the management API lists them."""
    found: list[str] = []
    cursor = ""
    while True:
        url = f"{tree.site}/api/v1/host-apps/{made['host_app']['id']}/devices?limit=200&cursor={cursor}"
        request = Request(url, headers={"Authorization": f"Bearer {made['token']}"})
        with urlopen(request, timeout=20) as answer:
            page = json.load(answer)
        found += [item["device_id"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            return found


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_or_doubled_whichever_process_dies():
    with trees.running() as tree:
        made = tree.bootstrap()
        phones = Phones(tree.edge, made["host_app"]["app_key"])
        for victims in DEATHS:
            phones.enough.clear()
            with ThreadPoolExecutor(2) as pool:
                done = [pool.submit(phones.report, 150) for _ in range(2)]
                time.sleep(0.6)
                tree.kill(*victims)
                phones.enough.set()
                for each in done:
                    each.result()
            tree.start()
        expected = set(phones.acknowledged.values())
        assert len(expected) > 50
        until = time.monotonic() + 60
        while not expected <= set(stored := devices_stored(tree, made)):
            assert time.monotonic() < until, f"{len(expected - set(stored))} acknowledged devices are missing"
            time.sleep(0.5)
        assert len(stored) == len(set(stored))
        assert tree.stop() == 0
