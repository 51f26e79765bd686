"""Who an anonymous id turned out to be: what someone did before signing in belongs to the user that he signed in as.

Files are never rewritten for it. The loader notes each sign-in in a Parquet table of its own ("aliases": device_id,
user_id, since), and whoever reads events sees the user where an event names none (analytics.store). What says so:
an identify call with an anonymous id or a device, an alias call with a previous id, a device that is bound to a user.

An anonymous event belongs to whoever signs in next on its id, and after the last sign-in to the last one. So a phone
that is handed on keeps its users apart, and an SDK that leaves the user out after identify loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from analytics.events import table
from ferry.journal import selectors as journal

if TYPE_CHECKING:
    import duckdb

    from ferry.journal.work import Work

TABLE = "aliases"
DAY = date(1970, 1, 1)  # one place for all: they are few, and a question about any day may need each of them
COLUMNS = {"device": "VARCHAR", "user": "VARCHAR", "at": "BIGINT"}
SELECT = 'device AS device_id, "user" AS user_id, make_timestamp("at" * 1000) AS since'
LAYOUT = "SELECT device_id, user_id, min(since) AS since FROM {files} GROUP BY device_id, user_id ORDER BY ALL"

_NEW = """
    SELECT id AS device_id, user_id, min(ts) AS since
    FROM (
        SELECT app, user_id, ts, anonymous AS id FROM events_step WHERE type IN ('identify', 'alias')
        UNION ALL SELECT app, user_id, ts, device_id FROM events_step WHERE type = 'identify'
    )
    WHERE app = $1 AND user_id <> '' AND id NOT IN ('', user_id)
    GROUP BY ALL ORDER BY ALL
"""

# From when to when an id was whose. The spans of one id never overlap, so that an event finds one user at most.
_SPANS = f"""
    SELECT device_id, user_id, {table.USER_KEY.format(user="user_id", device="''")} AS user_key,
        lag(since, 1, '-infinity'::TIMESTAMP) OVER same AS after, lead(since) OVER same IS NULL AS newest, since
    FROM (SELECT device_id, user_id, min(since) AS since FROM read_parquet($1, hive_partitioning = false) GROUP BY ALL)
    WINDOW same AS (PARTITION BY device_id ORDER BY since, user_id)
"""  # noqa: S608 from this module's own words


def write(work: Work) -> None:
    """Note the sign-ins among a step's events (events_step, analytics.events.handler)."""
    run = work.lake.duckdb.execute
    apps = run("SELECT DISTINCT app FROM events_step WHERE type IN ('identify', 'alias') AND user_id <> ''").fetchall()
    for (app,) in apps:
        work.copy(TABLE, app, DAY, _NEW, [app])


def write_bound(work: Work, app: str, lines: Iterable[bytes]) -> None:
    """Note devices that were bound to a user: their journal lines."""
    work.write(TABLE, app, DAY, lines, COLUMNS, SELECT)


def prepare(connection: duckdb.DuckDBPyConnection, host_app_id: str) -> bool:
    """Make the temporary table events_aliases of a host app; False: nobody has ever signed in."""
    paths = [str(path) for path in journal.files(TABLE, host_app_id, first=DAY, last=DAY)]
    if paths:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE events_aliases AS {_SPANS}", [paths]).fetchall()
    return bool(paths)


def linked(source: str) -> str:
    """SQL for the events of `source` with the user, where only events_aliases knows him."""
    return f"""(
        SELECT e.* REPLACE (coalesce(a.user_id, e.user_id) AS user_id, coalesce(a.user_key, e.user_key) AS user_key)
        FROM {source} e LEFT JOIN events_aliases a
        ON a.device_id = if(e.user_id = '', e.device_id, NULL) AND e.ts > a.after AND (e.ts <= a.since OR a.newest)
    )"""  # noqa: S608 from this module's own words
