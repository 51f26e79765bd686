"""How a mini-program's versions fare where they run: opens, errors and users of each, new beside old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from analytics.reports import running
from analytics.reports.asking import Span
from analytics.store import EVENTS
from ferry.kernel.identity.models import Workspace

OPEN, ERROR = "$open", "$error"


@dataclass(frozen=True, slots=True)
class Health:
    """What was heard of a version, or of a part of the devices that it runs on."""

    opens: int = 0
    errors: int = 0
    users: int = 0  # who opened it or met an error
    users_with_errors: int = 0

    @property
    def errors_per_open(self) -> float | None:
        """None while nobody has opened it."""
        return self.errors / self.opens if self.opens else None


@dataclass(frozen=True, slots=True)
class VersionHealth(Health):
    """One version. Keys of `by_os`: (platform, version of the operating system)."""

    by_platform: dict[str, Health] = field(default_factory=dict)
    by_os: dict[tuple[str, str], Health] = field(default_factory=dict)


def version_health(workspace: Workspace, host_app_id: str, program_id: str, span: Span) -> dict[int, VersionHealth]:
    """Version code → health, from the events $open and $error. Raises NotFound, ReportTooHeavy, ReportsBusy."""
    sql = f"""
        SELECT version_code, platform, os, grouping(platform) + grouping(os),
            count(*) FILTER (event = $open), count(*) FILTER (event = $error), count(DISTINCT user_key),
            count(DISTINCT user_key) FILTER (event = $error)
        FROM {EVENTS}
        WHERE mini_program = $program AND version_code IS NOT NULL AND event IN ($open, $error)
        GROUP BY GROUPING SETS ((version_code), (version_code, platform), (version_code, platform, os))
        ORDER BY version_code, platform, os
    """  # noqa: S608 from this module's own words
    parameters = {"open": OPEN, "error": ERROR, "program": program_id}
    rows = running.run(workspace, host_app_id, span, lambda connection: connection.execute(sql, parameters).fetchall())
    return _by_version(rows)


def _by_version(rows: Iterable[tuple[Any, ...]]) -> dict[int, VersionHealth]:
    whole: dict[int, Health] = {}
    platforms: dict[int, dict[str, Health]] = {}
    systems: dict[int, dict[tuple[str, str], Health]] = {}
    for code, platform, system, merged, *numbers in rows:
        if merged == 2:
            whole[code] = Health(*numbers)
        elif merged == 1:
            platforms.setdefault(code, {})[platform] = Health(*numbers)
        else:
            systems.setdefault(code, {})[platform, system] = Health(*numbers)
    return {
        code: VersionHealth(
            opens=health.opens,
            errors=health.errors,
            users=health.users,
            users_with_errors=health.users_with_errors,
            by_platform=platforms.get(code, {}),
            by_os=systems.get(code, {}),
        )
        for code, health in whole.items()
    }
