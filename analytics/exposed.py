"""Which devices a release was shown to: the arms in their check-in observations.

Every answered check-in leaves which release decided for each program, so nothing has to be recorded when somebody
joins a trial (docs/decisions/0635). Private to analytics; selectors check the workspace first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from analytics import observations
from analytics.store import query
from analytics.values import DeviceContext

_SHOWN = """
    WITH shown AS (SELECT device, at_ms, unnest(arms) AS arm FROM read_parquet($1))
    SELECT device, min(at_ms), max(at_ms), count(*) OVER ()
    FROM shown
    WHERE arm.program = $2 AND arm.release = $3
    GROUP BY device
    ORDER BY min(at_ms) DESC, device
    LIMIT $4
"""
_LAST = """
    WITH asked AS (
        SELECT at_ms, seq, list_filter(arms, lambda arm: arm.program = $3) AS arms,
            list_filter(installed, lambda item: item.program = $3) AS installed
        FROM read_parquet($1)
        WHERE device = $2
    )
    SELECT arms[1].release FROM asked
    WHERE len(arms) > 0 OR len(installed) > 0
    ORDER BY at_ms DESC, seq DESC
    LIMIT 1
"""


def shown_to(
    host_app_id: str, *, program_id: str, release_id: str, first: date, last: date, limit: int
) -> tuple[list[tuple[str, datetime, datetime]], int]:
    """(device id, first shown, last shown) of the devices that came last, and how many there are in all."""
    rows = query(observations.TABLE, host_app_id, _SHOWN, [program_id, release_id, limit], first=first, last=last)
    return [(device, _moment(began), _moment(ended)) for device, began, ended, _ in rows], rows[0][3] if rows else 0


def last_release(host_app_id: str, device: DeviceContext, program_id: str) -> str:
    """The release that decided when this device asked about the program last; "" when none did."""
    seen = device.last_seen
    if seen is None:
        return ""
    days = {"first": (seen - timedelta(days=1)).date(), "last": (seen + timedelta(days=1)).date()}
    rows = query(observations.TABLE, host_app_id, _LAST, [device.device_id, program_id], **days)
    return (rows[0][0] or "") if rows else ""


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
