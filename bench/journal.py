"""What durability costs: offer and append of the writer, the loader's pace, and de-duplication at a million keys.

    script/bench journal

CPU is that of this process (user and system, all threads). `offer` must cost a few microseconds of the check-in's
budget of 60 to 80; its figure includes framing, checksum, write and sync in the writer's thread.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench._support import setup_django, tell

OFFERS = 200_000
PER_TURN = 50  # offers between two turns of the event loop
CLIENTS, APPENDS = 64, 200
CHECKINS, DEVICES = 40_000, 10_000
KEYS = 1_000_000
NOON = 1_790_000_000_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        data = Path(folder)
        setup_django(data)
        asyncio.run(offers(data / "offers"))
        asyncio.run(appends(data / "appends"))
        loading(data)
        asking(data)


def observation(number: int) -> bytes:
    """A check-in of ordinary size: 20 programs installed."""
    return msgspec.json.encode(
        {
            "host_app": "0" * 26,
            "device": f"device-{number % DEVICES:08}",
            "user": "",
            "verified_user": False,
            "at": NOON + number,
            "seq": number,
            "platform": "android",
            "os": "14",
            "model": "Pixel 8",
            "host_version": "6.3.0",
            "network": "wifi",
            "locale": "zh-CN",
            "attributes": {"city": "Xiamen"},
            "installed": {f"{2018080616290000 + program}": 12 for program in range(20)},
            "arms": [[f"{2018080616290000 + program}", f"release-{program:02}", 12] for program in range(4)],
        }
    )


async def offers(folder: Path) -> None:
    """Observations as a busy edge hands them over."""
    from ferry.journal.writer import Journal

    payloads = [observation(number) for number in range(1000)]
    journal = Journal(folder, 1, max_pending_bytes=1 << 30, rotate_bytes=1 << 30)
    journal.start()
    handed = 0.0
    cpu = time.process_time()
    for start in range(0, OFFERS, PER_TURN):
        began = time.perf_counter()
        for number in range(start, start + PER_TURN):
            journal.offer("checkin", payloads[number % 1000])
        handed += time.perf_counter() - began
        await asyncio.sleep(0)
    await journal.close()
    spent = time.process_time() - cpu
    assert journal.stats.offered == OFFERS
    tell("journal.offer_call", handed / OFFERS * 1e6, "us")
    tell("journal.offer_cpu", spent / OFFERS * 1e6, "us", baseline=70.0)
    tell("journal.offers_a_sync", OFFERS / journal.stats.syncs, "1")


async def appends(folder: Path) -> None:
    """Acknowledged records: many clients, each waiting for its own."""
    from ferry.journal.writer import Journal

    payload = observation(1)
    journal = Journal(folder, 1)
    journal.start()
    waits: list[float] = []

    async def client() -> None:
        for _ in range(APPENDS):
            began = time.perf_counter()
            await journal.append("device", payload)
            waits.append(time.perf_counter() - began)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    spent, took = time.process_time() - cpu, time.perf_counter() - began
    await journal.close()
    waits.sort()
    tell("journal.append_cpu", spent / len(waits) * 1e6, "us")
    tell("journal.append_rate", len(waits) / took, "1/s")
    tell("journal.append_p50", waits[len(waits) // 2] * 1e3, "ms")
    tell("journal.append_p99", waits[len(waits) * 99 // 100] * 1e3, "ms")
    tell("journal.appends_a_sync", len(waits) / journal.stats.syncs, "1")


def loading(data: Path) -> None:
    """The loader's pace on check-ins: new devices, then the same devices saying the same."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from ferry.journal import folder
    from ferry.journal.disk import make_folder
    from ferry.journal.frames import framer
    from ferry.journal.loader import Loader, calm_the_collector
    from ferry.kernel import ids
    from ferry.kernel.identity import services as identity
    from ferry.kernel.identity.actors import system
    from ferry.kernel.jobs import services as jobs

    workspace = identity.create_workspace(name="Bench")
    app = identity.create_host_app(actor=system(workspace), name="Bench")
    lease = jobs.acquire("journal.loader", 600)
    assert lease is not None
    loader = Loader(journal=data / "journal", parquet=data / "events", lease=lease)
    calm_the_collector()
    make_folder(data / "journal" / "1")
    for name in ("new", "known"):
        segment = folder.name_of("1", ids.new(), 1)
        frame = framer(segment, "checkin")
        lines = [frame(observation(n).replace(b"0" * 26, app.id.encode(), 1)) for n in range(CHECKINS)]
        folder.path_of(data / "journal", segment).write_bytes(b"".join(lines))
        began, cpu = time.perf_counter(), time.process_time()
        while loader.step():
            pass
        took, spent = time.perf_counter() - began, time.process_time() - cpu
        tell(f"journal.load_{name}_devices_rate", CHECKINS / took, "1/s")
        tell(f"journal.load_{name}_devices_cpu", spent / CHECKINS * 1e6, "us")


def asking(data: Path) -> None:
    """A thousand messages against a million stored keys."""
    from datetime import date

    from ferry.journal.keys import Keys, Message
    from ferry.journal.lake import Lake
    from ferry.journal.models import StoredFile

    lake, day = Lake(data / "events"), date(2026, 9, 21)
    keys = Keys(lake)
    keys.fresh([Message("benchapp", day, "device", f"message-{number}") for number in range(KEYS)])
    files = keys.write().files
    lake.publish(files)
    StoredFile.objects.bulk_create(
        StoredFile(table=f.table, host_app_id=f.app, day=f.day, path=f.path, rows=f.rows, bytes=f.bytes) for f in files
    )
    messages = [Message("benchapp", day, "device", f"message-{number * 2_000}") for number in range(1000)]
    began = time.perf_counter()
    fresh = Keys(lake).fresh(messages)
    took = time.perf_counter() - began
    assert sum(fresh) == 500
    tell("journal.ask_1000_of_1m_keys", took * 1e3, "ms")
    tell("journal.key_bytes", sum(file.bytes for file in files) / KEYS, "bytes")


if __name__ == "__main__":
    sys.exit(main())
