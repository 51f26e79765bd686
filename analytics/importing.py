"""A file of past events becomes the history of a host app: `manage.py import_events`.

Times stay as they are, and what is imported counts as received at its own time, so that reports, predictions and
backtests see the past as it was. A row with `n` becomes n events, its `value` shared among them. Nothing is said about
consent unless the caller states it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
from django.conf import settings
from django.utils.translation import gettext as _

from analytics.churn.errors import ImportRefused
from analytics.churn.models import EventImport
from analytics.churn.rollup import BadHistory, History
from ferry.journal import outside
from ferry.journal.lake import Lake, NewFile
from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right

TABLE: Final = "events"
KIND: Final = "import"  # in the accounting: imported events never passed the journal
MOST_EVENTS: Final = 200_000_000
MOST_DAYS: Final = 3_660

# The columns of table "events" (analytics.events.table), in its order. $1 app, $2 the file's mark, $3 consent, $4 day.
_EVENTS: Final = """
    SELECT $1::VARCHAR AS app, 'import-' || $2::VARCHAR || '-' || place || '-' || copy AS message_id, 'track' AS type,
        event, user_id, '' AS device_id, md5_number_lower('u' || user_id) AS user_key,
        ts, ts AS original_ts, ts AS received_at, ts AS sent_at,
        '' AS mini_program, NULL::INTEGER AS version_code, '' AS platform, '' AS os, '' AS host_version, '' AS session,
        CASE WHEN value IS NOT NULL THEN json_object('value', value / n)::VARCHAR END AS properties,
        $3::BOOLEAN AS consent_profiling
    FROM (SELECT *, unnest(range(n)) AS copy FROM history WHERE ts::DATE = $4::DATE)
    ORDER BY event, user_key, ts
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has brought. `repeated`: the same file was here already, so nothing was added."""

    events: int
    skipped: int
    first_day: date
    last_day: date
    repeated: bool = False


def import_events(*, actor: Actor, host_app: HostApp, path: Path, profiling: bool | None = None) -> Imported:
    """Load a CSV or Parquet file (user_id, event, timestamp or day, optional n and value). All of it or nothing.

    `profiling` is what the users are known to have said to that; None where nothing is known. Raises ImportRefused.
    """
    require(actor, Right.MANAGE_APPS)
    digest = _digest(path)
    known = EventImport.objects.of(actor.workspace).filter(host_app_id=host_app.pk, sha256=digest).first()
    if known is not None:
        return Imported(known.events, known.skipped, known.first_day, known.last_day, repeated=True)
    with outside.outside_lake(Path(settings.FERRY_PARQUET_DIR)) as lake:
        skipped, days = _read(lake.duckdb, path)
        parameters = [host_app.pk, digest[:12], profiling]
        files: list[NewFile] = []
        for day in days:
            files.append(lake.copy(table=TABLE, app=host_app.pk, day=day, query=_EVENTS, parameters=[*parameters, day]))
        done = Imported(sum(file.rows for file in files), skipped, days[0], days[-1])
        _publish(lake, files, done, actor=actor, host_app=host_app, digest=digest, name=path.name)
    return done


def _publish(
    lake: Lake, files: list[NewFile], done: Imported, *, actor: Actor, host_app: HostApp, digest: str, name: str
) -> None:
    def apply() -> None:
        row = EventImport.objects.create(
            workspace=actor.workspace,
            host_app_id=host_app.pk,
            sha256=digest,
            name=name[:200],
            events=done.events,
            skipped=done.skipped,
            first_day=done.first_day,
            last_day=done.last_day,
        )
        told = {"host_app": host_app.pk, "name": row.name, "events": row.events, "skipped": row.skipped}
        record(actor=actor, action="events.imported", target=row, after=told)

    outside.publish(lake, files, kind=KIND, apply=apply)


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, list[date]]:
    """Put the usable rows into the table `history`; how many rows were not usable, and the days."""
    now = clock.now().replace(tzinfo=None)
    try:
        history = History.of(connection, path)
        rows = history.select("user_id, event, ts, greatest(1, round(n))::BIGINT AS n, value")
        connection.execute(
            "CREATE TEMP TABLE history AS SELECT *, row_number() OVER () AS place"  # noqa: S608 columns of our own
            f" FROM ({rows}) WHERE ts <= $now::TIMESTAMP AND length(user_id) <= 200 AND length(event) <= 200",
            {"path": str(path), "now": now},
        )
        total = connection.execute(f"SELECT count(*) FROM {history.reader}", {"path": str(path)}).fetchone()  # noqa: S608
    except BadHistory as bad:
        raise ImportRefused(reason=str(bad)) from bad
    except duckdb.Error as wrong:
        raise ImportRefused(reason=f"{path.name}: {wrong}") from wrong
    counts = connection.execute("SELECT count(*), sum(n) FROM history").fetchone()
    used, events = counts or (0, 0)
    if not used:
        raise ImportRefused(reason=_("{name} holds no past events of users.").format(name=path.name))
    if events > MOST_EVENTS:
        raise ImportRefused(
            reason=_("it holds {events} events, at most {most} at once.").format(events=events, most=MOST_EVENTS)
        )
    days = [row[0] for row in connection.execute("SELECT DISTINCT ts::DATE FROM history ORDER BY ALL").fetchall()]
    if len(days) > MOST_DAYS:
        raise ImportRefused(reason=_("it spans {days} days, at most {most}.").format(days=len(days), most=MOST_DAYS))
    return int(total[0] if total else used) - int(used), days


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as wrong:
        raise ImportRefused(
            reason=_("{name} cannot be opened: {why}").format(name=path.name, why=wrong.strerror)
        ) from wrong
