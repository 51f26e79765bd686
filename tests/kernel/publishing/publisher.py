"""A publisher in a process of its own, to be killed. Usage: publisher.py HOST_APP_ID STAGE

Stops at the stage ("inside", "stored", "written"), says so on stdout and waits for the end; with the stage "loop" it
publishes again and again and says each version that is committed.
"""

from __future__ import annotations

import sys
import time

import django

django.setup()

from ferry.kernel.publishing import parts, services  # noqa: E402


def stop_here() -> None:
    print("here", flush=True)  # noqa: T201
    sys.stdin.read()


def stop_after(module: object, name: str) -> None:
    real = getattr(module, name)

    def stopping(*args: object) -> None:
        real(*args)
        stop_here()

    setattr(module, name, stopping)


def publish(host_app_id: str, stage: str, interval: int) -> int:
    with services.publishing(services.read_host_app(host_app_id)) as publication:
        publication.host_app.check_interval_s = interval
        publication.host_app.save()
        publication.changed("app")
        if stage == "inside":
            stop_here()
    return publication.row.version


host_app_id, stage = sys.argv[1:]
if stage == "stored":
    stop_after(parts, "keep")
if stage == "written":
    stop_after(services, "write_head")
if stage == "loop":
    while True:
        print(publish(host_app_id, stage, time.time_ns() // 1000 % 80_000 + 5), flush=True)  # noqa: T201
publish(host_app_id, stage, 4321)
