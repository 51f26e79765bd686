"""Whatever an address says, a page of figures answers with a page."""

from __future__ import annotations

import pytest

from ferry.kernel.identity.rights import Role
from tests.console.desk import Desk

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
