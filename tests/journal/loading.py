"""Parts of the story of a killed loader, each in a process of its own.

migrate | write | many: write, load in small steps | hosts KILL POINT: two hosts write, one ships and is killed there |
finish: ship, load, look | load, compact (hours later), each with KILL|STOP and the point at which to raise it | tidy: a
loader much later | look, which prints JSON
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

FOLDERS = Path(os.environ.get("FERRY_TEST_FOLDERS", settings.FERRY_DATA))
settings.FERRY_JOURNAL_DIR = FOLDERS / "journal"
settings.FERRY_PARQUET_DIR = FOLDERS / "events"
if "FERRY_TEST_STORAGE" in os.environ:
    settings.FERRY_STORAGE_URL = os.environ["FERRY_TEST_STORAGE"]

from analytics import selectors, store  # noqa: E402
from analytics.models import Device  # noqa: E402
from ferry.journal.models import Cursor, RetiredFile, StoredFile  # noqa: E402
from ferry.journal.records import day_of, moment  # noqa: E402
from ferry.journal.shipping import Shipper  # noqa: E402
from ferry.kernel import clock, storage  # noqa: E402
from ferry.kernel.identity.models import HostApp  # noqa: E402
from ferry.kernel.jobs.models import Lease  # noqa: E402
from tests.analytics.events.sending import send, track  # noqa: E402
from tests.journal.world import HOUR, NOON, Edge, World  # noqa: E402


def remembered() -> World:
    """The world that `write` made."""
    world = World.__new__(World)
    world.app = (
        HostApp.objects.unscoped().select_related("workspace").get(name="Super", pk=FOLDERS.joinpath("app").read_text())
    )
    world.workspace = world.app.workspace
    world.journal, world.parquet = settings.FERRY_JOURNAL_DIR, settings.FERRY_PARQUET_DIR
    return world


def write() -> None:
    """Two dead edges; the second one holds ten registrations and ten events that the first one has too."""
    StoredFile.objects.all().delete()  # each case has folders of its own
    RetiredFile.objects.all().delete()
    world = World(name=f"Harbour {FOLDERS.name}")
    FOLDERS.joinpath("app").write_text(world.app.id)
    first, second = world.edge("1"), world.edge("2")
    for number in range(30):
        first.report("device", **world.device(f"d{number}", message_id=f"m{number}"))
        second.report("checkin", **world.checkin(f"d{number}", installed={"card": 1}))
        if number < 10:
            second.report("device", **world.device(f"d{number}", message_id=f"m{number}"))
    for begin in (0, 10, 20):
        send(world, *(tapped(number) for number in range(begin, begin + 10)), edge=first)
    send(world, *(tapped(number) for number in (*range(10), *range(30, 40))), edge=second)
    second.tear(b"0badcafe checkin {")


def tapped(number: int) -> dict[str, Any]:
    """Every third one happened the day before."""
    return track(f"e{number:02}", messageId=f"m{number}", at=NOON - 24 * HOUR * (number % 3 == 0))


def write_many() -> None:
    """The same, loaded in several steps, so that there are files to merge."""
    write()
    Lease.objects.update(expires_at=clock.now())
    world = remembered()
    loader = world.loader()
    loader._most = 2
    while loader.step():
        loader._most = 2
    loader.lease.release()


def tidy() -> None:
    """Two hours on, nobody reads what was merged any more."""
    with clock.frozen(moment(NOON + 6 * HOUR)):
        Lease.objects.update(expires_at=clock.now())
        remembered().load()


def write_hosts() -> None:
    """Two hosts, each with an edge of the same process id; both hold the same ten registrations."""
    StoredFile.objects.all().delete()
    Cursor.objects.all().delete()
    world = World(name=f"Harbour {FOLDERS.name}")
    FOLDERS.joinpath("app").write_text(world.app.id)
    a, b = Edge(FOLDERS / "a", "1"), Edge(FOLDERS / "b", "1")
    for number in range(30):
        a.report("device", **world.device(f"d{number}", message_id=f"m{number}"))
        if number == 14:
            a.rotate()
        b.report("checkin", **world.checkin(f"d{number}", installed={"card": 1}))
        if number < 10:
            b.report("device", **world.device(f"d{number}", message_id=f"m{number}"))
    b.tear(b"0badcafe checkin {")


def ship(host: str, what: str = "", point: str = "") -> None:
    files = storage.handed_over()
    assert files is not None

    def die(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.Signals[f"SIG{what}"])

    Shipper(FOLDERS / host, files, crash_at=die).ship()


def load(what: str = "", point: str = "") -> None:
    def die(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.Signals[f"SIG{what}"])

    Lease.objects.update(expires_at=clock.now())  # a killed loader's lease runs out
    remembered().load(crash_at=die)


def compact(what: str = "", point: str = "") -> None:
    """The loader of later: it sweeps, then merges what has become quiet."""

    def die(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.Signals[f"SIG{what}"])

    Lease.objects.update(expires_at=clock.now())
    world = remembered()
    with clock.frozen(moment(NOON + 3 * HOUR)):
        world.load()
        world.compact(crash_at=die)


def look() -> None:
    world = remembered()
    day = day_of(NOON)
    rows = store.query(
        "checkins", world.app.id, "SELECT device FROM read_parquet($1) ORDER BY seq", [], first=day, last=day
    )
    ordered = "SELECT event FROM read_parquet($1) ORDER BY ALL"
    events = store.query("events", world.app.id, ordered, [], first=day - timedelta(days=1), last=day)
    account = selectors.accounting(world.workspace, world.app.id, day)
    found = {
        "observed": [row[0] for row in rows],
        "events": [row[0] for row in events],
        "devices": Device.objects.of(world.workspace).filter(installed=[["card", 1, ""]], registered=True).count(),
        "counts": {c.kind: [c.received, c.stored, c.duplicate, c.rejected, c.pending] for c in account.kinds},
        "journal": sorted(str(path.name) for path in world.journal.rglob("*.log")),
        "on_disk": sorted(
            path.relative_to(world.parquet).as_posix() for path in world.parquet.rglob("*.*") if path.is_file()
        ),
        "manifest": sorted(StoredFile.objects.values_list("path", flat=True)),
        "retired": sorted(RetiredFile.objects.values_list("path", flat=True)),
    }
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    with clock.frozen(moment(NOON + HOUR)):
        match sys.argv[1:]:
            case ["migrate"]:
                call_command("migrate", verbosity=0)
            case ["write"]:
                write()
            case ["many"]:
                write_many()
                look()
            case ["hosts", what, point]:
                write_hosts()
                ship("a", what, point)
            case ["finish"]:
                ship("a")
                ship("b")
                load()
                look()
            case ["load", *fault]:
                load(*fault)
            case ["compact", *fault]:
                compact(*fault)
                look()
            case ["tidy"]:
                tidy()
                look()
            case ["look"]:
                look()
