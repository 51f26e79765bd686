"""Pages stay right while rows come: nothing twice, nothing left out."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferry.kernel.api.pagination import page_of
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import selectors, services
from tests.kernel.office import Office


@pytest.fixture
def full(office: Office) -> Office:
    for number in range(11):
        services.create_token(actor=office.platform, name=f"t{number}", roles=["developer"])
    return office


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(limit=st.integers(1, 15))
def test_all_rows_once_newest_first(full, limit):
    seen, cursor = [], ""
    while True:
        page = page_of(selectors.tokens(full.workspace), cursor=cursor, limit=str(limit))
        assert len(page.rows) <= limit
        seen += [token.id for token in page.rows]
        if page.next is None:
            break
        cursor = page.next
    assert seen == [token.id for token in selectors.tokens(full.workspace)]
    assert len(seen) == 11


def test_new_rows_do_not_shift_the_next_page(full):
    page = page_of(selectors.tokens(full.workspace), cursor="", limit="5")
    services.create_token(actor=full.platform, name="late", roles=["developer"])
    rest = page_of(selectors.tokens(full.workspace), cursor=page.next or "", limit="200")
    assert [token.name for token in page.rows + rest.rows] == [f"t{number}" for number in reversed(range(11))]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.0", "٣", "9" * 400])
def test_limits(full, limit):
    with pytest.raises(Invalid):
        page_of(selectors.tokens(full.workspace), cursor="", limit=limit)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(text=st.text(max_size=100))
def test_any_cursor_is_a_page_or_refused(office, text):
    for rows, key in ((selectors.tokens(office.workspace), "id"), (audit.entries(office.workspace), "number")):
        try:
            page_of(rows, cursor=text, limit="", key=key)
        except Invalid:
            continue
