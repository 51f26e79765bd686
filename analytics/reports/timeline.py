"""Single events: what is arriving now, and what one user or device did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from analytics import store
from analytics.reports import running
from analytics.reports.asking import Span
from analytics.reports.errors import ReportInvalid
from analytics.store import EVENTS
from ferry.journal.lake import connect
from ferry.kernel import clock
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import Workspace

MOST_LIVE = 200
MOST_HAPPENINGS = 500
TIMELINE_DAYS = 90
_EARLIEST, _LATEST = datetime(1970, 6, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
_LIVE_ROWS = 20_000  # how far back among the newest files a look goes


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as the live view shows it: `who` tells people apart and names nobody."""

    received_at: datetime
    ts: datetime
    type: str
    event: str
    who: str
    mini_program: str
    version_code: int | None
    platform: str
    host_version: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a timeline."""

    ts: datetime
    received_at: datetime
    type: str
    event: str
    message_id: str
    user_id: str
    device_id: str
    mini_program: str
    version_code: int | None
    platform: str
    os: str
    host_version: str
    session: str
    properties: str


def live(workspace: Workspace, host_app_id: str, *, limit: int = 50) -> list[Arrival]:
    """The events that were loaded last, newest first; they are a second or two old. Raises NotFound."""
    app = identity.host_app(workspace, host_app_id)
    since = (clock.now() - timedelta(days=3)).date()
    paths = store.recent_event_files(app.id, today=since, rows=_LIVE_ROWS)
    if not paths:
        return []
    with connect(memory="128MB", threads=1) as connection:
        rows = connection.execute(
            """
            SELECT received_at, ts, type, event, left(md5(user_key::VARCHAR || $2), 6), mini_program, version_code,
                platform, host_version
            FROM read_parquet($1) ORDER BY received_at DESC, ts DESC, message_id LIMIT $3
            """,
            [paths, app.id, max(1, min(limit, MOST_LIVE))],
        ).fetchall()
    return [Arrival(_utc(row[0]), _utc(row[1]), *row[2:]) for row in rows]


def timeline(
    workspace: Workspace,
    host_app_id: str,
    *,
    user: str = "",
    device: str = "",
    before: datetime | None = None,
    limit: int = 100,
) -> list[Happening]:
    """What a user, or a device, did in the 90 days up to `before`, newest first. Raises NotFound, ReportInvalid."""
    if bool(user) == bool(device):
        raise ReportInvalid(reason=_("name either a user or a device"))
    end = before or clock.now() + timedelta(seconds=1)
    if not _EARLIEST <= end <= _LATEST:
        raise ReportInvalid(reason=_("days lie between 1970 and 2100"))
    span = Span((end - timedelta(days=TIMELINE_DAYS)).astimezone(UTC).date(), end.astimezone(UTC).date())
    column = "user_id" if user else "device_id"
    sql = f"""
        SELECT ts, received_at, type, event, message_id, user_id, device_id, mini_program, version_code, platform, os,
            host_version, session, coalesce(properties, '')
        FROM {EVENTS} WHERE {column} = $who AND ts < $before
        ORDER BY ts DESC, received_at DESC, message_id DESC LIMIT $most
    """  # noqa: S608 from this module's own words
    parameters = {
        "who": user or device,
        "before": end.astimezone(UTC).replace(tzinfo=None),
        "most": max(1, min(limit, MOST_HAPPENINGS)),
    }
    rows = running.run(workspace, host_app_id, span, lambda connection: connection.execute(sql, parameters).fetchall())
    return [Happening(_utc(row[0]), _utc(row[1]), *row[2:]) for row in rows]


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
