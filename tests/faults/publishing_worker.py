"""A process that uploads or releases, to be killed. Usage: publishing_worker.py WORKSPACE HOST_APP STAGE

Stops at the stage, says so on stdout and waits for the end. With the stage "loop" it works on and says each thing that
is committed.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

django.setup()

from ferry.kernel.identity.models import HostApp, Workspace  # noqa: E402
from ferry.kernel.storage.local import LocalBlobs  # noqa: E402
from miniapps import selectors, services  # noqa: E402
from miniapps.packages import canonical  # noqa: E402
from miniapps.services import archive_rows, archives, imports, moves, releases, versions  # noqa: E402
from tests.faults import around_acts  # noqa: E402
from tests.world import World  # noqa: E402


def stop_here() -> None:
    print("here", flush=True)  # noqa: T201
    sys.stdin.read()


def stop_after(owner: Any, name: str) -> None:
    real = getattr(owner, name)

    def stopping(*args: Any, **values: Any) -> None:
        real(*args, **values)
        stop_here()

    setattr(owner, name, stopping)


workspace_id, host_app_id, stage = sys.argv[1:]
workspace = Workspace.objects.get(pk=workspace_id)
host_app = HostApp.objects.of(workspace).select_related("workspace").get(pk=host_app_id)
world = World(workspace, host_app, selectors.program(workspace, "2018080616290001"))

STAGES = {
    "package written": (canonical, "files_root"),
    "blob stored": (LocalBlobs, "put"),
    "version recorded": (versions, "record"),
    "release recorded": (releases, "record"),
    "share recorded": (moves, "record"),
    "import read": (imports, "read_import"),
    "program made": (imports, "create_program"),
    "import recorded": (versions, "record"),
    "approval counted": (imports, "settle_version"),
    "bundle claimed": (archive_rows, "claim"),
    "bundle stored": (LocalBlobs, "put"),
}

if stage == "loop":
    for number in itertools.count(1):
        name = f"9.{number}.0"
        version = world.upload(name)
        print("version", version.pk, flush=True)  # noqa: T201
        world.approve(version)
        release = world.release(name, share=10)
        print("release", release.pk, flush=True)  # noqa: T201
        world.raise_to(release, 20)
        services.roll_back_release(actor=world.operator, release=release, reason="Enough.")
        print("stopped", release.pk, flush=True)  # noqa: T201

if around_acts.act(world, stage, stop_here):
    sys.exit()

if stage in ("package written", "blob stored", "version recorded"):
    stop_after(*STAGES[stage])
    world.upload("2.0.0")
elif stage in ("import read", "program made", "import recorded", "approval counted"):
    stop_after(*STAGES[stage])
    with (Path(settings.FERRY_DATA) / "carried.zip").open("rb") as file:
        reading, upload = imports.read_import(actor=world.developer, file=file)
        imports.add_import(actor=world.developer, reading=reading, upload=upload)
elif stage in ("bundle claimed", "bundle stored"):
    stop_after(*STAGES[stage])
    archives.make_due()
elif stage == "release recorded":
    version = world.version("2.0.0")
    stop_after(*STAGES[stage])
    world.release("2.0.0", share=50)
else:
    release = next(iter(selectors.releases(workspace, host_app=host_app).filter(kind="gray")))
    stop_after(*STAGES[stage])
    world.raise_to(release, 90)
