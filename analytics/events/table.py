"""Events as they lie in Parquet: the table "events", one row per event, in files of one host app and one day.

The day is that of the corrected time, in UTC. Columns, as reports and predictions read them:

    app, message_id, type, event                          user_key: 64 bits of the user, else of the device
    user_id, device_id ("" = not said)                    ts, original_ts, received_at, sent_at: UTC, in ms
    mini_program, version_code, platform, os,             properties: JSON text of an object, or NULL
    host_version, session                                 consent_profiling: NULL = no consent came along
"""

from __future__ import annotations

from analytics.events import records
from ferry.journal.keys import KEY_SQL

TABLE = "events"
NAMESPACE = "event"  # of message ids, for de-duplication: apart from those of devices

KEY = KEY_SQL.format(app="app", namespace=NAMESPACE, message_id="message_id")

# 64 bits of MD5: no secret, and the same on every machine and in every version of DuckDB. The same number as
# md5_number_lower gives, in a quarter of the time.
USER_KEY = "(md5_number(if({user} <> '', 'u' || {user}, 'd' || {device})) >> 64)::UBIGINT"

_SHARED = ", ".join(f'g."{name}" AS "{name}"' for name in records.SHARED)
_EACH = ", ".join(f'unnest(g."{name}") AS "{name}"' for name in records.EACH)

# From the journal's lines (analytics.events.records) to a step's table. Lists that are not there unnest to NULL.
STEP = f"""
    SELECT app, received_at::DATE AS received_day, make_timestamp(ts * 1000)::DATE AS day,
        {KEY} AS key, message_id, type, event,
        coalesce(user_id, '') AS user_id, coalesce(device_id, '') AS device_id,
        {USER_KEY.format(user="coalesce(user_id, '')", device="coalesce(device_id, '')")} AS user_key,
        make_timestamp(ts * 1000) AS ts, make_timestamp(nullif(original_ts, 0) * 1000) AS original_ts,
        received_at, make_timestamp(sent_at * 1000) AS sent_at,
        coalesce(mini_program, '') AS mini_program, version_code::INTEGER AS version_code,
        coalesce(platform, '') AS platform, coalesce(os, '') AS os,
        coalesce(host_version, '') AS host_version, coalesce(session, '') AS session,
        nullif(properties, '') AS properties, profiling AS consent_profiling,
        coalesce(anonymous, '') AS anonymous
    FROM (
        SELECT app, received_at, {_SHARED}, {_EACH}
        FROM (SELECT host_app AS app, make_timestamp("at" * 1000) AS received_at, unnest(groups) AS g FROM {{lines}})
    )
"""  # noqa: S608 nothing here comes from a record

# What a file holds. In no order: a step fills one row group at most, of which a reader takes all or nothing.
FILE = "SELECT * EXCLUDE (received_day, day, key, anonymous) FROM events_step WHERE app = $1 AND day = $2"
# How files become one: in the order that serves reports about named events.
LAYOUT = "SELECT * FROM {files} ORDER BY event, user_key, ts"

# What a report sees where no file is, and the names and types that the others may rely on.
COLUMNS = {
    "app": "VARCHAR",
    "message_id": "VARCHAR",
    "type": "VARCHAR",
    "event": "VARCHAR",
    "user_id": "VARCHAR",
    "device_id": "VARCHAR",
    "user_key": "UBIGINT",
    "ts": "TIMESTAMP",
    "original_ts": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "sent_at": "TIMESTAMP",
    "mini_program": "VARCHAR",
    "version_code": "INTEGER",
    "platform": "VARCHAR",
    "os": "VARCHAR",
    "host_version": "VARCHAR",
    "session": "VARCHAR",
    "properties": "VARCHAR",
    "consent_profiling": "BOOLEAN",
}
