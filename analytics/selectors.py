"""What others may read of analytics. Every function names the workspace first and sees nothing outside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, QuerySet

from analytics import exposed, store
from analytics.models import Device, InstalledVersion
from analytics.reports.active import active_users
from analytics.reports.asking import Span
from analytics.reports.funnel import funnel
from analytics.reports.health import VersionHealth
from analytics.reports.health import version_health as _version_health
from analytics.reports.retention import retention
from analytics.reports.timeline import live as live_events
from analytics.reports.trend import trend
from analytics.store import Refused
from analytics.values import DeviceContext, Exposed, ExposedDevices, Exposure
from ferry.journal import selectors as journal
from ferry.journal.selectors import Accounting
from ferry.kernel import clock
from ferry.kernel.errors import NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import Workspace

__all__ = [  # reports answer here too, each from its own module
    "accounting",
    "active_users",
    "device",
    "device_counts",
    "devices",
    "devices_of_user",
    "devices_per_day",
    "exposed_devices",
    "exposures",
    "funnel",
    "last_release",
    "live_events",
    "marketing_refused_at",
    "quarantine",
    "recent_devices",
    "recently_installed",
    "retention",
    "trend",
    "version_counts",
    "version_health",
]

_AT_ONCE = 500  # ids in one statement: SQLite's older builds take 999 variables
_FORGOTTEN = datetime(1970, 1, 1, tzinfo=UTC)  # last_seen of a device whose consent was taken back


def devices(workspace: Workspace, host_app_id: str) -> QuerySet[Device]:
    """The known devices of a host app. Raises NotFound when the host app is not the workspace's."""
    app = identity.host_app(workspace, host_app_id)
    return Device.objects.of(workspace).filter(host_app_id=app.id, last_seen__gt=_FORGOTTEN)


def device(workspace: Workspace, host_app_id: str, device_id: str) -> DeviceContext:
    """One device by the id that it carries. Raises NotFound."""
    fits = device_id.isprintable() and len(device_id) <= 64
    row = devices(workspace, host_app_id).filter(device_id=device_id).first() if fits else None
    if row is None:
        raise NotFound(kind="device")
    return context_of(row)


def recent_devices(workspace: Workspace, host_app_id: str, limit: int = 10_000) -> list[DeviceContext]:
    """The devices that were seen last, newest first: the population of dry runs."""
    rows = devices(workspace, host_app_id).order_by("-last_seen")[:limit]
    return [context_of(row) for row in rows.iterator(chunk_size=2000)]


def devices_of_user(workspace: Workspace, host_app_id: str, user: str) -> list[DeviceContext]:
    """The devices to which this user is bound (verified), the last seen first."""
    if not user or "\0" in user:
        return []
    rows = devices(workspace, host_app_id).filter(bound_user=user).order_by("-last_seen")[:1000]
    return [context_of(row) for row in rows]


def marketing_refused_at(workspace: Workspace, host_app_id: str, device_ids: Iterable[str]) -> dict[str, int]:
    """Which of these devices have said no to marketing last, and when (ms of the edge)."""
    asked = sorted(set(device_ids))
    found: dict[str, int] = {}
    for start in range(0, len(asked), _AT_ONCE):
        rows = Device.objects.of(workspace).filter(
            host_app_id=host_app_id, device_id__in=asked[start : start + _AT_ONCE], consent__isnull=False
        )
        for device_id, consent, at in rows.values_list("device_id", "consent", "consent_at"):
            if isinstance(consent, dict) and not consent.get("marketing"):  # JSON's null: nothing was said
                found[device_id] = at
    return found


def version_counts(workspace: Workspace, host_app_id: str, program_id: str) -> dict[int, int]:
    """How many devices have each version of a program installed: version code → devices."""
    rows = (
        InstalledVersion.objects.of(workspace)
        .filter(host_app_id=host_app_id, program_id=program_id)
        .values_list("code")
        .annotate(devices=Count("pk"))
        .order_by("code")
    )
    return dict(rows)


def recently_installed(workspace: Workspace, host_app_id: str, *, since: datetime) -> dict[str, dict[int, int]]:
    """Program → version code → how many devices seen since then have it installed."""
    rows = (
        InstalledVersion.objects.of(workspace)
        .filter(host_app_id=host_app_id, device__last_seen__gte=since)
        .values_list("program_id", "code")
        .annotate(devices=Count("pk"))
        .order_by("program_id", "code")
    )
    found: dict[str, dict[int, int]] = {}
    for program_id, code, count in rows:
        found.setdefault(program_id, {})[code] = count
    return found


def device_counts(workspace: Workspace, host_app_id: str) -> dict[str, int]:
    """How many devices are known, per platform."""
    rows = devices(workspace, host_app_id).values_list("platform").annotate(devices=Count("pk")).order_by("platform")
    return dict(rows)


def exposures(
    workspace: Workspace, host_app_id: str, *, first: date, last: date, program_id: str = ""
) -> list[Exposure]:
    """How many devices were shown each version under each release, from `first` to `last` (UTC, both included)."""
    app = identity.host_app(workspace, host_app_id)
    return store.exposures(app.id, first=first, last=last, program_id=program_id)


def exposed_devices(
    workspace: Workspace, host_app_id: str, *, program_id: str, release_id: str, since: datetime, limit: int = 500
) -> ExposedDevices:
    """The devices that a release was shown to since then, for at most 90 days back. Raises NotFound.

    A device whose consent was taken back is not listed.
    """
    app = identity.host_app(workspace, host_app_id)
    today = clock.now().date()
    first = max(since.date(), today - timedelta(days=90))
    rows, total = exposed.shown_to(
        app.id, program_id=program_id, release_id=release_id, first=first, last=today, limit=limit
    )
    ids = [row[0] for row in rows]
    known: dict[str, DeviceContext] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found = devices(workspace, app.id).filter(device_id__in=ids[start : start + _AT_ONCE])
        known |= {row.device_id: context_of(row) for row in found}
    listed = (
        Exposed(known[name], began, ended, known[name].releases.get(program_id) == release_id)
        for name, began, ended in rows
        if name in known
    )
    return ExposedDevices(tuple(listed), total)


def last_release(workspace: Workspace, host_app_id: str, device: DeviceContext, program_id: str) -> str:
    """The release that decided when this device asked about the program last; "" when none did. Raises NotFound."""
    return exposed.last_release(identity.host_app(workspace, host_app_id).id, device, program_id)


def devices_per_day(workspace: Workspace, host_app_id: str, *, first: date, last: date) -> dict[date, int]:
    """How many devices checked in on each UTC day; days without any are left out."""
    app = identity.host_app(workspace, host_app_id)
    return store.devices_per_day(app.id, first=first, last=last)


def accounting(workspace: Workspace, host_app_id: str, day: date) -> Accounting:
    """received = stored + duplicate + rejected + pending, per kind of record, for one UTC day of receipt."""
    app = identity.host_app(workspace, host_app_id)
    return journal.accounting(app.id, day)


def quarantine(workspace: Workspace, host_app_id: str, day: date, *, limit: int = 200) -> list[Refused]:
    """What was refused on one received day, with the reasons."""
    app = identity.host_app(workspace, host_app_id)
    return store.quarantine(app.id, day, limit=limit)


def put_aside(workspace: Workspace, host_app_id: str, day: date) -> int:
    """How many records of one received day wait in the quarantine for a correction of the platform itself."""
    app = identity.host_app(workspace, host_app_id)
    return store.put_aside(app.id, day)


def version_health(
    workspace: Workspace, host_app_id: str, program_id: str, *, span: Span | None = None
) -> dict[int, VersionHealth]:
    """Version code → opens, errors and users, also by platform and operating system; the last 30 days without a span.

    From the events $open and $error that name the program and its version (docs/events.md).
    """
    today = clock.now().date()
    asked = span or Span(today - timedelta(days=29), today)
    return _version_health(workspace, host_app_id, program_id, asked)


def context_of(row: Device) -> DeviceContext:
    """The value that others get of a row."""
    return DeviceContext(
        device_id=row.device_id,
        user=row.bound_user or row.claimed_user,
        user_verified=bool(row.bound_user),
        platform=row.platform,
        os=row.os,
        model=row.model,
        host_version=row.host_version,
        network=row.network,
        locale=row.locale,
        attributes={name: _text(value) for name, value in row.attributes.items()},
        installed={program: code for program, code, _release in row.installed},
        releases={program: release for program, _code, release in row.installed if release},
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        registered=row.registered,
    )


def contexts(rows: Iterable[Device]) -> list[DeviceContext]:
    return [context_of(row) for row in rows]


def _text(value: object) -> str:
    """An attribute as rules compare it: JSON's words for true and false, the shortest form of a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
