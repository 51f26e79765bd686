"""A worker in a process of its own, to be killed. Usage: sender.py STAGE FILE [BATCHES]

Its channel writes a line for each copy into FILE. It stops at the stage in the given batch, says "here" and waits for
its end: "started" (the tick has read what is due), "written" (rows are 'sending'), "sending" (half of the batch is
out), "sent" (all of it is out), "settled" (the answers are written). With the stage "all" it delivers everything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import django

django.setup()

from push import services  # noqa: E402
from push.engines import registry  # noqa: E402
from push.engines.base import Outcome, Outgoing  # noqa: E402
from push.services import lifecycle, sending  # noqa: E402

stage, path, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1


def stop_here() -> None:
    print("here", flush=True)  # noqa: T201
    sys.stdin.read()


class ToFile:
    """A vendor whose deliveries are lines of a file, there even when this process is killed."""

    transactional = False
    batches = 0

    def __init__(self) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def put(self, batch: Sequence[Outgoing]) -> None:
        os.write(self.file, b"".join(f"{copy.device_id} {copy.delivery_id}\n".encode() for copy in batch))

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        self.batches += 1
        here = self.batches == wanted
        if here and stage == "sending":
            self.put(batch[: len(batch) // 2])
            stop_here()
        self.put(batch)
        if here and stage == "sent":
            stop_here()
        return [Outcome(copy.delivery_id, "ok") for copy in batch]


channel = ToFile()
registry.register("apns", channel)

if stage == "written":
    real_send = sending.send

    def before_send(*args):  # type: ignore[no-untyped-def]
        if channel.batches + 1 == wanted:
            stop_here()
        return real_send(*args)

    sending.send = before_send
if stage == "settled":
    real_settle = sending.send

    def after_send(*args):  # type: ignore[no-untyped-def]
        rest = real_settle(*args)
        if channel.batches == wanted:
            stop_here()
        return rest

    sending.send = after_send
if stage == "started":
    real_message = lifecycle._message

    def inside(*args):  # type: ignore[no-untyped-def]
        message = real_message(*args)
        stop_here()
        return message

    lifecycle._message = inside

services.start_due()
services.deliver()
print("done", flush=True)  # noqa: T201
