"""A host app's stored events as the daily roll-up: the one place where prediction meets storage and consent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb
from django.conf import settings
from django.db.models import QuerySet

from analytics import store
from analytics.churn import rollup, threads
from analytics.churn.definition import Definition
from analytics.importing import TABLE
from analytics.models import Device
from ferry.journal import selectors as journal
from ferry.journal.lake import connect
from ferry.kernel.identity.models import Consent, HostApp

# How far back to look: eight windows of features, the training snapshots, and some tenure beyond them.
_LEAST_DAYS = 180
_WINDOWS = 14
_DAY = timedelta(days=1)
_MEMORY = "512MB"


@dataclass(frozen=True, slots=True)
class Stored:
    """The roll-up `analytics.churn.rollup.TABLE` in a DuckDB of its own, and the days that it spans."""

    connection: duckdb.DuckDBPyConnection
    first_day: date
    last_day: date


@contextmanager
def stored(host_app: HostApp, definition: Definition, *, today: date) -> Iterator[Stored]:
    """The roll-up of everything stored before `today`. Raises BadHistory when there is nothing of users."""
    back = timedelta(days=max(_LEAST_DAYS, _WINDOWS * definition.inactive_days))
    if not journal.rows(TABLE, host_app.pk, first=today - back, last=today):
        raise rollup.BadHistory("there are no events")
    with (
        tempfile.TemporaryDirectory(prefix="churn-", dir=settings.FERRY_DATA) as folder,
        connect(threads=threads.allowed(), memory=_MEMORY, spill=Path(folder)) as connection,
    ):
        view = store.events_view(
            connection, host_app.workspace, host_app.pk, start=_midnight(today - back), end=_midnight(today + _DAY)
        )
        first, last = rollup.from_events(connection, view, profiling=_profiling(host_app))
        yield Stored(connection, first, last)


def refused_since(host_app: HostApp, at_ms: int) -> bool:
    """Whether any device has said no to profiling after a moment (ms since the epoch)."""
    return _devices(host_app).filter(consent__profiling=False, consent_at__gt=at_ms).exists()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _profiling(host_app: HostApp) -> rollup.Profiling:
    required = host_app.consent == Consent.REQUIRED
    refusing, refusing_users = _said(host_app, answer=False)
    agreeing, agreeing_users = _said(host_app, answer=True) if required else (frozenset[str](), frozenset[str]())
    return rollup.Profiling(required, refusing, refusing_users, agreeing, agreeing_users)


def _said(host_app: HostApp, *, answer: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The devices that say so now, and the users whom they name."""
    devices, users = set(), set()
    rows = _devices(host_app).filter(consent__profiling=answer)
    for device, bound, claimed in rows.values_list("device_id", "bound_user", "claimed_user").iterator(chunk_size=5000):
        devices.add(device)
        users |= {bound, claimed} - {""}
    return frozenset(devices), frozenset(users)


def _devices(host_app: HostApp) -> QuerySet[Device]:
    return Device.objects.of(host_app.workspace).filter(host_app_id=host_app.pk)
