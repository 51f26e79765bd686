"""Reports over five million events: 200,000 users, 60 days, 20 event names, JSON properties, as the loader writes.

    script/bench query

Funnel and retention answer in under two seconds each, all reports within one gigabyte of memory.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench._published import APP_ID, APP_KEY
from bench._support import ROOT, setup_django, tell

EVENTS, USERS, DAYS = 5_000_000, 200_000, 60
LAST = date(2026, 11, 21)
FILES_A_DAY = 4  # as compaction leaves a living day
TIMES = 3


def main() -> None:
    if len(sys.argv) > 1:
        return asked(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        data = Path(folder)
        setup_django(data)
        generate(data)
        environ = {**os.environ, "FERRY_DATA": folder, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
        # a process of its own, so that its memory is that of the reports alone
        subprocess.run([sys.executable, "-m", "bench.query", folder], cwd=ROOT, env=environ, check=True)
    return None


def generate(data: Path) -> None:
    """Users differ in how often they come; a fifth of the names makes most of the events."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from analytics.events import table
    from ferry.journal.lake import Lake
    from ferry.journal.models import StoredFile
    from ferry.kernel.identity import services as identity
    from ferry.kernel.identity.models import HostApp

    workspace = identity.create_workspace(name="Bench")
    HostApp.objects.create(id=APP_ID, workspace=workspace, name="Bench", number=1, app_key=APP_KEY)
    lake = Lake(data / "events")
    lake.duckdb.execute("SELECT setseed(0.5)").fetchall()
    each = EVENTS // DAYS // FILES_A_DAY
    for back in range(DAYS):
        day = LAST - timedelta(days=back)
        for part in range(FILES_A_DAY):
            file = lake.copy(table=table.TABLE, app=APP_ID, day=day, query=_rows(each), parameters=[APP_ID, day, part])
            lake.publish([file])
            StoredFile.objects.create(
                table=file.table, host_app_id=file.app, day=file.day, path=file.path, rows=file.rows, bytes=file.bytes
            )


def _rows(count: int) -> str:
    from analytics.events.table import USER_KEY

    return f"""
        WITH drawn AS (
            SELECT random() AS u, random() AS v, random() AS w, random() AS x, range AS n FROM range({count})
        ),
        events AS (
            SELECT 'user-' || floor({USERS} * u * u)::BIGINT AS user_id,
                ['$open', '$error'][floor(20 * v * v)::BIGINT - 17] AS named, floor(20 * v * v)::BIGINT AS number,
                $2::DATE + to_microseconds(((($3::INTEGER + w) / {FILES_A_DAY}) * 86399e6)::BIGINT) AS ts,
                'city-' || floor(50 * x)::BIGINT AS city, n, x
            FROM drawn
        )
        SELECT $1::VARCHAR AS app, uuid()::VARCHAR AS message_id, 'track' AS type,
            coalesce(named, 'Event ' || number) AS event, user_id, '' AS device_id,
            {USER_KEY.format(user="user_id", device="''")} AS user_key, ts, ts AS original_ts, ts AS received_at,
            ts AS sent_at, '2018080616290001' AS mini_program, (n % 3)::INTEGER AS version_code,
            if(user_key % 3 = 0, 'ios', 'android') AS platform, '14' AS os, '6.3.0' AS host_version, '' AS session,
            '{{"city":"' || city || '","sum":' || round(100 * x, 2) || ',"position":' || n || '}}' AS properties,
            true AS consent_profiling
        FROM events ORDER BY event, user_key, ts
    """


def asked(data: Path) -> None:
    """Each question a few times; the best, as a warm file cache gives it."""
    setup_django(data)
    from analytics.reports.active import active_users
    from analytics.reports.asking import Span
    from analytics.reports.funnel import FunnelQuestion, funnel
    from analytics.reports.health import version_health
    from analytics.reports.retention import RetentionQuestion, retention
    from analytics.reports.timeline import live, timeline
    from analytics.reports.trend import Measure, TrendQuestion, Unit, trend
    from ferry.kernel.clock import frozen
    from ferry.kernel.identity.models import HostApp

    app = HostApp.objects.unscoped().select_related("workspace").get(pk=APP_ID)
    of = (app.workspace, app.pk)
    span = Span(LAST - timedelta(days=DAYS - 1), LAST)
    steps = tuple(f"Event {number}" for number in range(5))
    before = _peak()
    with frozen(datetime(2026, 11, 22, tzinfo=UTC)):
        _time("funnel_5_steps", lambda: funnel(*of, FunnelQuestion(span, steps)), goal=2.0)
        _time("funnel_by_platform", lambda: funnel(*of, FunnelQuestion(span, steps, breakdown="platform")), goal=2.0)
        by_city = FunnelQuestion(span, steps, breakdown="properties.city")
        _time("funnel_by_property", lambda: funnel(*of, by_city), goal=2.0)
        _time("retention_by_week", lambda: retention(*of, RetentionQuestion(span, Unit.WEEK)), goal=2.0)
        _time("retention_by_day", lambda: retention(*of, RetentionQuestion(span)), goal=2.0)
        _time("active_users", lambda: active_users(*of, span), goal=2.0)
        _time("trend_by_platform", lambda: trend(*of, TrendQuestion(span, breakdown="platform")))
        users = TrendQuestion(span, ("Event 0",), Measure.USERS, breakdown="properties.city")
        _time("trend_users_by_property", lambda: trend(*of, users))
        _time("version_health", lambda: version_health(*of, "2018080616290001", span))
        _time("timeline", lambda: timeline(*of, user="user-500"))
        _time("live", lambda: live(*of))
    tell("query.rss_peak", _peak(), "MB", baseline=1024.0)
    tell("query.rss_before", before, "MB")


def _time(name: str, ask: Callable[[], Any], *, goal: float | None = None) -> None:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        found = ask()
        took.append(time.perf_counter() - began)
    assert found
    tell(f"query.{name}", min(took), "s", baseline=goal)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


if __name__ == "__main__":
    sys.exit(main())
