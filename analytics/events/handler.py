"""The loader's handler for events. Rows never come to Python: DuckDB reads the journal's lines, tells duplicates
apart and writes Parquet; only counts come back.

The edge has judged every event already. What is judged here needs the database: whether the host app exists, and
whether a device has taken its consent back since.
"""

# ruff: noqa: S608 - table names and types are ours; whatever was said by anybody is a parameter
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from analytics.events import aliases, records, table
from analytics.events.reasons import Reason
from analytics.models import Device
from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from ferry.kernel import clock, ids
from ferry.kernel.identity.models import Consent, HostApp

KIND = records.KIND
_CHUNK = 500  # ids in one statement
_SHAPE = ", ".join(f"'{name}': '{kind}'" for name, kind in records.COLUMNS.items())
_LINES = f"read_json($1, columns = {{{_SHAPE}}}, format = 'newline_delimited', maximum_object_size = {4 << 20})"
_STEP = table.STEP.format(lines=_LINES)


class EventHandler:
    """Kind events."""

    def measure(self, kind: str, payload: bytes) -> Measure:
        return records.measure(payload) or Measure("", clock.now().date())

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        lines, required = _of_known_apps(records[KIND], work)
        if lines:
            with _step(work, lines):
                _drop_withdrawn(work, required)
                for app, day, number in work.forget_duplicates("events_step"):
                    work.duplicate(KIND, app, day, number)
                _write(work)
        return lambda: None


def _of_known_apps(payloads: Sequence[bytes], work: Work) -> tuple[list[bytes], list[str]]:
    """The lines of host apps that exist, their refused events counted, and which of these apps require consent."""
    by_app: dict[str, list[tuple[Measure, bytes]]] = defaultdict(list)
    for payload in payloads:
        measure = records.measure(payload)
        if measure is None:
            work.rejected(KIND, "", clock.now().date(), "invalid", payload)
        else:
            by_app[measure.app].append((measure, payload))
    rows = HostApp.objects.unscoped().filter(pk__in=by_app).values_list("pk", "consent")
    known = dict(rows)
    lines = []
    for app, items in by_app.items():
        for measure, payload in items:
            if app not in known:
                work.rejected(KIND, app, measure.day, "unknown_app", payload, measure.events)
                continue
            lines.append(payload)
            for refusal in records.refusals(payload):
                kept = None if refusal.payload is None else refusal.payload.encode()
                work.rejected(KIND, app, measure.day, refusal.reason, kept, refusal.n)
    return lines, [app for app, consent in known.items() if consent == Consent.REQUIRED]


@contextmanager
def _step(work: Work, lines: Sequence[bytes]) -> Iterator[None]:
    """Have the lines' events in DuckDB: events_step, one row per event."""
    run = work.lake.duckdb.execute
    source = work.lake.temporary / f"{ids.new()}.ndjson"
    try:
        source.write_bytes(b"\n".join(lines))
        run(f"CREATE OR REPLACE TEMP TABLE events_step AS {_STEP}", [str(source)]).fetchall()
        yield
    finally:
        source.unlink(missing_ok=True)
        run("DROP TABLE IF EXISTS events_step")


def _drop_withdrawn(work: Work, required: Sequence[str]) -> None:
    """Where consent is required, a device that has taken it back after an event was received keeps nothing.

    An event that brings its own consent, given later, stands for itself; one that only rests on an older device token
    does not.
    """
    run = work.lake.duckdb.execute
    for app in required:
        asked = run("SELECT DISTINCT device_id FROM events_step WHERE app = $1 AND device_id <> ''", [app]).fetchall()
        refusing = dict(_refusing(app, [row[0] for row in asked]))
        if not refusing:
            continue
        run(
            "CREATE OR REPLACE TEMP TABLE events_refusing AS"
            " SELECT unnest($1::VARCHAR[]) AS device, make_timestamp(unnest($2::BIGINT[]) * 1000) AS since",
            [list(refusing), list(refusing.values())],
        ).fetchall()
        gone = (
            "events_step WHERE app = $1 AND rowid IN (SELECT events_step.rowid FROM events_step, events_refusing"
            " WHERE device_id = device AND (received_at < since OR consent_profiling IS NULL))"
        )
        counted = run(f"SELECT received_day, count(*) FROM {gone} GROUP BY ALL", [app]).fetchall()
        run(f"DELETE FROM {gone}", [app]).fetchall()
        for day, number in counted:
            work.rejected(KIND, app, day, str(Reason.NO_CONSENT), None, number)


def _refusing(app: str, device_ids: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Devices whose last word on consent was a no, and when (ms)."""
    for start in range(0, len(device_ids), _CHUNK):
        rows = Device.objects.unscoped().filter(host_app_id=app, device_id__in=device_ids[start : start + _CHUNK])
        for device_id, consent, at in rows.values_list("device_id", "consent", "consent_at"):
            if consent is not None and not consent.get("analytics"):
                yield device_id, at


def _write(work: Work) -> None:
    run = work.lake.duckdb.execute
    stored = run("SELECT app, received_day, count(*) FROM events_step GROUP BY ALL").fetchall()
    for app, day, number in stored:
        work.stored(KIND, app, day, number)
    aliases.write(work)
    places: list[tuple[str, date]] = run("SELECT DISTINCT app, day FROM events_step ORDER BY ALL").fetchall()
    for app, day in places:
        work.copy(table.TABLE, app, day, table.FILE, [app, day])
