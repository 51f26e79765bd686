"""Check-in observations as they lie in Parquet: one row per answered check-in (table "checkins").

The journal's JSON lines go to DuckDB as they are; picking and renaming its members happens there, not line by line.
"""

from __future__ import annotations

TABLE = "checkins"

# What DuckDB reads from a record of kind "checkin" (analytics.records.CheckinRecord); other members are left out.
COLUMNS = {
    "device": "VARCHAR",
    "user": "VARCHAR",
    "verified_user": "BOOLEAN",
    "at": "BIGINT",
    "seq": "BIGINT",
    "platform": "VARCHAR",
    "os": "VARCHAR",
    "model": "VARCHAR",
    "host_version": "VARCHAR",
    "network": "VARCHAR",
    "locale": "VARCHAR",
    "attributes": "VARCHAR",
    "installed": "MAP(VARCHAR, BIGINT)",
    "arms": "VARCHAR[][]",
}

# What the file holds. at_ms: edge receive time since the epoch; attributes: JSON text; installed and arms: structs.
SELECT = """
    device, "user" AS user_id, coalesce(verified_user, false) AS verified_user, "at" AS at_ms, seq,
    platform, os, model, host_version, network, locale, attributes,
    list_transform(map_entries(installed), lambda item: {'program': item.key, 'code': item.value}) AS installed,
    list_transform(arms, lambda arm: {'program': arm[1], 'release': arm[2], 'code': arm[3]::BIGINT}) AS arms
"""

# How files become one: as they came.
LAYOUT = "SELECT * FROM {files} ORDER BY at_ms, seq"
