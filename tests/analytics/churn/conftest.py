"""A host app with a past: people who come and people who fade away, made by DuckDB and brought in as a file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.churn import bands, candidates, services, training, working
from analytics.churn.models import ChurnModel, ChurnRun, ChurnSetting
from analytics.importing import Imported, import_events
from ferry.kernel import clock
from ferry.kernel.identity.actors import system
from tests.journal.conftest import folders
from tests.world import World

__all__ = ["folders"]

# Everybody comes on about half of the days; a fading one comes ever less during the last ten days before leaving.
HISTORY = """
SELECT 'u' || u AS user_id, ['open', 'pay', 'read'][1 + (hash(u, d, k) % 3)::INT] AS event,
       ($start::DATE + d::INT)::TIMESTAMP + to_hours(8 + (hash(u, d, k, 'h') % 12)::INT) AS timestamp
FROM (SELECT unnest(range($users)) AS u), (SELECT unnest(range($days)) AS d), (SELECT unnest(range(3)) AS k)
WHERE d >= hash(u, 'came') % 15
  AND (hash(u, d) % 1000) / 1000 < least(0.5, 0.05 * ((hash(u, 'left') % 90)::INT - d))
  AND (hash(u, d, k) % 1000) / 1000 < 0.6
"""


def history(path: Path, *, users: int = 900, days: int = 60, until: date | None = None) -> Path:
    """A file of what these users did on the `days` before `until` (today)."""
    start = (until or clock.now().date()) - timedelta(days=days)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE made AS {HISTORY}", {"start": start, "users": users, "days": days})
        connection.execute(f"COPY made TO '{path}' (FORMAT parquet)")
    return path


class Churn(World):
    """The world, with an analyst who predicts."""

    folder: Path

    def brings(self, path: Path, **about: Any) -> Imported:
        return import_events(actor=system(self.workspace), host_app=self.host_app, path=path, **about)

    def past(self, **about: Any) -> Imported:
        return self.brings(history(self.folder / "history.parquet", **about))

    def defines(self, **about: Any) -> ChurnSetting:
        return services.set_definition(actor=self.operator, host_app_id=self.host_app.pk, **about)

    def works(self, **about: bool) -> int:
        return working.work_due(**about)

    def models(self) -> list[ChurnModel]:
        return list(ChurnModel.objects.of(self.workspace).order_by("id"))

    def runs(self) -> list[ChurnRun]:
        return list(ChurnRun.objects.of(self.workspace).order_by("id"))


@pytest.fixture
def world(db: None, folders: None, tmp_path: Path) -> Churn:
    made = Churn.make()
    assert isinstance(made, Churn)
    made.folder = tmp_path
    return made


@pytest.fixture
def small_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model from a tenth of the users and from simple candidates: what is told here is not how good it is."""
    monkeypatch.setattr(training, "FLOOR", 40)
    monkeypatch.setattr(bands, "FEWEST", 10)
    monkeypatch.setattr(candidates, "CHALLENGERS", ("rfm",))
