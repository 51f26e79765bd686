"""Events as they lie in Parquet: the table "events", one row per event, in files of one host app and one day.

The day is that of the corrected time, in UTC. Columns, as reports and predictions read them:

    app, message_id, type, event                          user_key: 64 bits of the user, else of the device
    user_id, device_id ("" = not said)                    ts, original_ts, received_at, sent_at: UTC, in ms
    mini_program, version_code, platform, os,             properties: JSON text of an object, or NULL
    host_version, session                                 consent_profiling: NULL = no consent came along
"""

from __future__ import annotations

from ferry.journal.keys import KEY_SQL

TABLE = "events"
NAMESPACE = "event"  # of message ids, for de-duplication: apart from those of devices

KEY = KEY_SQL.format(app="host_app", namespace=NAMESPACE, message_id="item.message_id")

# 64 bits of MD5: no secret, and the same on every machine and in every version of DuckDB. The same number as
# md5_number_lower gives, in a quarter of the time.
USER_KEY = "(md5_number(if({user} <> '', 'u' || {user}, 'd' || {device})) >> 64)::UBIGINT"

# From the journal's lines (analytics.events.records) to a step's table.
STEP = f"""
    SELECT host_app AS app, received_at::DATE AS received_day, make_timestamp(item.ts * 1000)::DATE AS day,
        {KEY} AS key, item.message_id AS message_id, item.type AS type, item.event AS event,
        coalesce(item.user_id, '') AS user_id, coalesce(item.device_id, '') AS device_id,
        {USER_KEY.format(user="coalesce(item.user_id, '')", device="coalesce(item.device_id, '')")} AS user_key,
        make_timestamp(item.ts * 1000) AS ts, make_timestamp(item.original_ts * 1000) AS original_ts,
        received_at, make_timestamp(item.sent_at * 1000) AS sent_at,
        coalesce(item.mini_program, '') AS mini_program, item.version_code::INTEGER AS version_code,
        coalesce(item.platform, '') AS platform, coalesce(item.os, '') AS os,
        coalesce(item.host_version, '') AS host_version, coalesce(item.session, '') AS session,
        item.properties AS properties, item.profiling AS consent_profiling,
        coalesce(item.anonymous, '') AS anonymous
    FROM (
        SELECT host_app, make_timestamp("at" * 1000) AS received_at, unnest(events) AS item FROM events_lines
    )
"""  # noqa: S608 nothing here comes from a record

# What a file holds, in the order that serves reports about named events; how files become one.
FILE = """
    SELECT * EXCLUDE (received_day, day, key, anonymous) FROM events_step WHERE app = $1 AND day = $2
    ORDER BY event, user_key, ts
"""
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
