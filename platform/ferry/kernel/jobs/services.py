"""Leases and heartbeats: who does a piece of work now, and which processes live (rule 1).

A lease says who should work; its fencing token makes sure that nobody else's work counts. Whoever writes a result does
it in a transaction that begins with `held.fence()`: an older holder that wakes up late finds zero rows and stops.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import models, transaction
from django.db.models import F

from ferry.kernel import clock, ids
from ferry.kernel.jobs.errors import LeaseLost
from ferry.kernel.jobs.models import Heartbeat, Lease

SHORTEST_S = 60  # three times SQLite's busy timeout (20 s): a renewal that waits for a writer must not come too late
FORGOTTEN = timedelta(days=1)  # after which a silent process leaves the heartbeat table

_HOST = socket.gethostname()[:80]


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand."""

    name: str
    token: int
    holder: str
    seconds: float

    def renew(self) -> bool:
        """Hold it for another full term; False when it has passed to somebody else: stop then."""
        return bool(self._mine().update(expires_at=clock.now() + timedelta(seconds=self.seconds)))

    def fence(self) -> None:
        """Renew inside the caller's transaction, or raise LeaseLost. Until the commit nobody can take it over."""
        if not self.renew():
            raise LeaseLost(name=self.name)

    def still_mine(self) -> bool:
        """Whether nobody has taken it over. Good for stopping early; only `fence` makes a write safe."""
        return self._mine().exists()

    def release(self) -> None:
        """Give it back, so that the next one need not wait for the end of the term."""
        self._mine().update(expires_at=clock.now())

    def _mine(self) -> models.QuerySet[Lease]:
        return Lease.objects.filter(name=self.name, token=self.token)


def acquire(name: str, seconds: float = SHORTEST_S, *, holder: str = "") -> Held | None:
    """Take the lease if it is free or its term is over; None when somebody holds it.

    Terms are measured by this host's clock. A clock that runs ahead may take over early: fencing keeps that harmless.
    """
    if seconds < SHORTEST_S:
        raise ValueError(f"a lease lasts at least {SHORTEST_S} seconds")
    holder = holder or f"{_HOST}:{os.getpid()}:{ids.new()}"
    now = clock.now()
    until = now + timedelta(seconds=seconds)
    with transaction.atomic():
        lease = Lease.objects.filter(name=name)
        if lease.filter(expires_at__lte=now).update(token=F("token") + 1, holder=holder, expires_at=until):
            token = lease.values_list("token", flat=True).get()  # the update holds the row: nobody came between
            return Held(name=name, token=token, holder=holder, seconds=seconds)
        if lease.exists():
            return None
        Lease.objects.bulk_create([Lease(name=name, token=1, holder=holder, expires_at=until)], ignore_conflicts=True)
        mine = lease.filter(token=1, holder=holder).exists()
    return Held(name=name, token=1, holder=holder, seconds=seconds) if mine else None


def keep_out(name: str) -> None:
    """Inside the caller's transaction: until it ends, nobody passes the fence of `name`, and nobody takes it.

    For the rare writer that touches what a lease guards without holding it.
    """
    Lease.objects.bulk_create([Lease(name=name, holder="", expires_at=clock.now())], ignore_conflicts=True)
    Lease.objects.select_for_update().get(pk=name)


@contextmanager
def alone(name: str, seconds: float = SHORTEST_S) -> Iterator[Held | None]:
    """Hold the lease while the block runs, if it can be had: two ticks of one name never overlap."""
    held = acquire(name, seconds)
    try:
        yield held
    finally:
        if held is not None:
            held.release()


def beat(kind: str, process_id: str) -> None:
    """Say that this process lives. Call about every 10 seconds; one statement."""
    row = Heartbeat(key=f"{kind}:{process_id}", kind=kind, process_id=process_id, host=_HOST, seen_at=clock.now())
    Heartbeat.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["key"], update_fields=["host", "seen_at"]
    )


def leave(kind: str, process_id: str) -> None:
    """Say that this process ends, so that the others take over its share of the limits at once."""
    Heartbeat.objects.filter(pk=f"{kind}:{process_id}").delete()


def sweep() -> int:
    """Forget processes that have been silent for a day; how many went."""
    return Heartbeat.objects.filter(seen_at__lt=clock.now() - FORGOTTEN).delete()[0]
