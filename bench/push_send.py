"""What sending costs: copies a second per core of the APNs engine, alone and with the ledger, and of the own channel.

    script/bench push_send [COPIES]

The server is tests/push/apns_mock.js (Node's HTTP/2, plain), which needs the other core: on a machine where something
else runs, `wall` is its figure and not ours, so copies per second of *our* CPU are told first. The baseline is httpx
with HTTP/2 over one connection, where it is installed with it. Without Node only the own channel is measured.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench._support import ROOT, setup_django, tell

COPIES = 20_000
BATCH = 500
BASELINE_COPIES = 1_000


def main(copies: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        setup_django(Path(folder))
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        harbour, key = _harbour()
        if shutil.which("node") is None:
            sys.stderr.write("APNs is skipped: Node.js plays its server and is not installed\n")
        else:
            with _apple(Path(folder)) as url:
                _apns(harbour, key, url, copies)
        _campaigns(harbour, copies, Path(folder))
        _waking(harbour)


def _measured(act: Callable[[], int]) -> tuple[float, float]:
    """Copies a second of our CPU, and by the clock."""
    cpu, began = time.process_time(), time.perf_counter()
    count = act()
    spent, took = time.process_time() - cpu, time.perf_counter() - began
    return count / spent, count / took


def _apns(harbour: Any, key: str, url: str, copies: int) -> None:
    """The engine without the ledger."""
    from django.conf import settings

    from push.engines.apns.engine import Apns
    from push.services.channels import set_apns
    from tests.push.test_apns import ACCOUNT, outgoing

    set_apns(actor=harbour.admin, host_app=harbour.app, values={**ACCOUNT, "key": key})
    settings.FERRY_APNS_URL = url
    carrier = Apns()
    batch = [outgoing(harbour, f"{number:064x}") for number in range(copies)]

    def send() -> int:
        done = 0
        for start in range(0, copies, BATCH):
            outcomes = carrier.send(batch[start : start + BATCH])
            done += sum(outcome.kind == "ok" for outcome in outcomes)
        assert done == copies, f"{done} of {copies}"
        return done

    carrier.send(batch[:BATCH])  # the connection
    rates = [_measured(send) for _ in range(3)]
    best = max(rate for rate, _ in rates)
    baseline = _httpx(url)
    tell("push.apns_per_core", best, "copies/s of CPU", baseline=baseline)
    tell("push.apns_wall", max(wall for _, wall in rates), "copies/s")


def _httpx(url: str) -> float | None:
    """What a common client reaches: 100 tasks on one HTTP/2 connection."""
    try:
        import h2  # noqa: F401
        import httpx
    except ImportError:
        return None

    async def run() -> int:
        async with httpx.AsyncClient(http1=False, http2=True, limits=httpx.Limits(max_connections=1)) as client:
            gate = asyncio.Semaphore(100)

            async def one(number: int) -> None:
                async with gate:
                    answer = await client.post(f"{url}/3/device/{number:064x}", content=b'{"aps":{}}')
                    assert answer.status_code == 200

            await asyncio.gather(*(one(number) for number in range(BASELINE_COPIES)))
        return BASELINE_COPIES

    return _measured(lambda: asyncio.run(run()))[0]


def _campaigns(harbour: Any, copies: int, folder: Path) -> None:
    """A whole campaign: audience, ledger, shards, channel. Over APNs where there is a server, and over the own one."""
    from push import services
    from push.models import Address, Delivery

    harbour.devices(copies, vendor=False)
    sent_by = ["own"]
    if shutil.which("node") is not None:
        sent_by.append("apns")
    for channel in sent_by:
        if channel == "apns":
            Address.objects.insert(
                Address(
                    workspace=harbour.workspace,
                    host_app_id=harbour.app.pk,
                    device_id=f"d{number:05}",
                    channel="apns",
                    token=f"{number:064x}",
                )
                for number in range(copies)
            )
        with _apple(folder) if channel == "apns" else _nothing() as url:
            from django.conf import settings

            settings.FERRY_APNS_URL = url
            campaign = harbour.started(name=f"over {channel}")

            def deliver() -> int:
                while services.deliver(seconds=3600):
                    continue
                return copies

            per_core, wall = _measured(deliver)
        message = harbour.message(campaign)
        done = Delivery.objects.of(harbour.workspace).filter(message=message, state="accepted", channel=channel).count()
        assert done == copies, f"{done} of {copies} over {channel}; {message.problem}"
        tell(f"push.campaign_{channel}_per_core", per_core, "copies/s of CPU")
        tell(f"push.campaign_{channel}_wall", wall, "copies/s")


def _waking(harbour: Any) -> None:
    """What an edge does for entries whose devices are connected elsewhere, and for those of its own."""
    from push.inbox import reading
    from push.stream.hub import Connection, Hub
    from push.stream.poller import Poller

    rows = reading.addressees(after=0, upto=reading.latest(), limit=1_000_000)
    for name, connected in (("elsewhere", 0), ("here", len(rows))):
        hub = Hub(1_000_000)
        hub.ready = True
        for _, app, device in rows[:connected] or [(0, harbour.app.pk, "somebody")]:
            hub.add(Connection((app, device), None))
        poller = Poller(hub, hub.deliver)
        poller._last = 0

        def poll(poller: Poller = poller) -> int:
            poller.poll()
            return len(rows)

        per_core, _ = _measured(poll)
        tell(f"push.woken_{name}_per_core", per_core, "entries/s of CPU")


def _harbour() -> tuple[Any, str]:
    from tests.push.apple import new_key
    from tests.push.world import Harbour

    return Harbour.make(), new_key()[1]


@contextmanager
def _nothing() -> Iterator[str]:
    yield ""


@contextmanager
def _apple(folder: Path) -> Iterator[str]:
    plan = folder / "plan.json"
    plan.write_text(json.dumps({}))
    command = ["node", str(ROOT / "tests" / "push" / "apns_mock.js"), str(plan)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COPIES)
