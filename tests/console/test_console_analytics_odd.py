"""Whatever an address says, a page of figures answers with a page."""

from __future__ import annotations

import pytest
from django.conf import settings

from ferry.journal import registry
from ferry.journal.registry import Measure
from ferry.kernel import clock
from ferry.kernel.identity.rights import Role
from tests.console.desk import Desk
from tests.journal.world import Edge

PAGES = ("trend", "users", "funnel", "retention", "live", "timeline", "records")
ODD = (
    "first=2026-01-01&last=2025-01-01",
    "first=0001-01-01&last=9999-12-31",
    "first=9999-99-99&last=x&zone=Mars",
    "first=2026-11-01&last=2026-11-20&events=%00&where=a&breakdown=1;drop&unit=century&measure=%F0%9F%92%A3",
    "steps=one",
    "steps=Open%0AE%0AOpen&window=1e99&window_unit=days",
    "steps=" + "x" * 3000,
    "user=%00&before=0001-01-01T00:00:00Z",
    "user=ann&before=9999-12-31T23:59:59Z",
    "user=" + "x" * 3000 + "&device=y",
    "day=0001-01-01",
    "day=9999-12-31",
    "app=%00",
)


@pytest.mark.parametrize("page", PAGES)
def test_an_odd_address_is_answered_with_a_page(desk: Desk, page: str):
    somebody = desk.as_(Role.ADMIN)
    for query in ODD:
        answer = somebody.get(f"{desk.url(f'analytics-{page}')}?{query}")
        assert answer.status_code in (200, 404), query


class Broken:
    """A handler that fails on everything."""

    def __init__(self, app: str) -> None:
        self._app = app

    def measure(self, kind: str, payload: bytes) -> Measure:
        return Measure(self._app, clock.now().date())

    def load(self, records: object, work: object) -> None:
        raise KeyError("no such thing")


@pytest.mark.django_db(transaction=True)
def test_the_accounting_says_what_the_platform_itself_failed_on(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    analyst, page = desk.as_(Role.ANALYST), desk.url("analytics-records")
    monkeypatch.setitem(registry._handlers, "broken", Broken(desk.world.host_app.pk))
    edge = Edge(settings.FERRY_JOURNAL_DIR)
    edge.write("broken", b"{}")
    edge.write("broken", b"{}")
    assert "put aside" not in analyst.get(page).content.decode()
    desk.load()
    assert "2 records were put aside because this platform failed on them" in analyst.get(page).content.decode()
