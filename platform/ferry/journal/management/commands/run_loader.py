"""`manage.py run_loader`: moves the journal into Parquet and tables until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
from collections import Counter
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from ferry.journal import outside
from ferry.journal.arrivals import Arrivals
from ferry.journal.loader import Loader, calm_the_collector
from ferry.journal.metrics import serve
from ferry.journal.seat import Seat
from ferry.kernel.jobs import services as jobs

log = logging.getLogger(__name__)

LEASE = outside.LOADER
LEASE_SECONDS = 60
_WAIT_SECONDS = 2.0
_BEAT_SECONDS = 10.0


class Command(BaseCommand):
    requires_system_checks = []  # they would import every view: 25 MB that a loader has no use for
    help = "Load the journal into Parquet and tables. One loader works at a time; others wait for its lease."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        beating = Thread(target=_beat, args=(stop,), name="heartbeat", daemon=True)
        beating.start()
        calm_the_collector()
        put_aside: Counter[tuple[str, str]] = Counter()
        stop_showing = serve(put_aside, port=settings.FERRY_METRICS_PORT, bind=settings.FERRY_BIND)
        seat = Seat(settings.FERRY_PARQUET_DIR, LEASE, LEASE_SECONDS)
        arrivals = Arrivals.configured()
        while not stop.is_set():
            lease = seat.acquire()
            if lease is None:
                stop.wait(_WAIT_SECONDS)
                continue
            Loader(
                journal=settings.FERRY_JOURNAL_DIR,
                parquet=settings.FERRY_PARQUET_DIR,
                lease=lease,
                arrivals=arrivals,
                put_aside=put_aside,
            ).run(stop)
            lease.release()  # nothing happens where it was lost
        seat.close()
        stop_showing()
        beating.join()


def _beat(stop: Event) -> None:
    """Say that this process lives, also through a long step. A database that is away does not end it."""
    process = str(os.getpid())
    while not stop.wait(0.0):
        try:
            jobs.beat("loader", process)
        except DatabaseError:
            log.warning("the loader's heartbeat waits for the database")
            connection.close()
        stop.wait(_BEAT_SECONDS)
    try:
        jobs.leave("loader", process)
    except DatabaseError:
        log.warning("the loader's heartbeat will run out by itself")
    finally:
        connection.close()
