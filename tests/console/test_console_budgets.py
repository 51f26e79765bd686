"""Size budgets by hand: shown, set, and asked at the next upload."""

from __future__ import annotations

import pytest

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.packages.sizes import Budgets
from tests.console.desk import Desk
from tests.console.test_console_acts import upload
from tests.world import PAGE

MB = 1 << 20
FIELDS = {"total": "2", "main": "1.5", "subpackage": "1"}


def test_budgets_are_shown_set_and_asked_at_the_next_upload(desk: Desk):
    page = desk.as_(Role.DEVELOPER).get(desk.url("size-budgets")).content.decode()
    assert "128 MB" in page
    assert "Change them" not in page
    saved = desk.admin.post(desk.url("size-budgets-set"), {**FIELDS, "main": "0.01"}, follow=True).content.decode()
    assert "Saved." in saved
    assert 'value="0.01"' in saved
    refused = upload(desk, desk.as_(Role.DEVELOPER), {"index.html": PAGE, "big.js": b"x" * 20_000}, name="1.0.0")
    assert "__APP__" in refused.content.decode()
    assert not selectors.versions(desk.workspace, desk.world.program).exists()
    [entry] = [entry for entry in audit.entries(desk.workspace) if entry.action == "workspace.size_budgets_set"]
    assert entry.actor_name == desk.account(Role.ADMIN).name


def test_a_size_that_was_not_touched_stays_to_the_byte(desk: Desk):
    services.set_size_budgets(actor=desk.person(Role.ADMIN), budgets=Budgets(5_000_001, 3_000_001, 2048))
    shown = {"initial-total": "4.77", "initial-main": "2.86", "initial-subpackage": "0.00"}
    desk.admin.post(desk.url("size-budgets-set"), {**shown, "total": "4.77", "main": "1", "subpackage": "0.5"})
    assert selectors.size_budgets(desk.workspace) == Budgets(5_000_001, MB, MB // 2)


def test_two_people_at_once_each_change_what_they_typed(desk: Desk):
    page = desk.admin.get(desk.url("size-budgets")).content.decode()
    shown = {"initial-total": "128", "initial-main": "64", "initial-subpackage": "64"}
    assert all(f'name="{name}" value="{value}"' in page for name, value in shown.items())
    services.set_size_budgets(actor=desk.person(Role.ADMIN), budgets=Budgets(128 * MB, 32 * MB, 64 * MB))
    desk.admin.post(desk.url("size-budgets-set"), {**shown, "total": "100", "main": "64", "subpackage": "64"})
    assert selectors.size_budgets(desk.workspace) == Budgets(100 * MB, 32 * MB, 64 * MB)


@pytest.mark.parametrize("wrong", ["", "0", "-1", "many", "2000000", "NaN", "1.234"])
def test_what_is_no_size_is_refused(desk: Desk, wrong: str):
    answer = desk.admin.post(desk.url("size-budgets-set"), {**FIELDS, "total": wrong})
    assert answer.status_code == 400
    assert selectors.size_budgets(desk.workspace) == Budgets()


def test_who_may_not_and_who_is_elsewhere(desk: Desk):
    assert desk.as_(Role.OPERATOR).post(desk.url("size-budgets-set"), FIELDS).status_code == 403
    other = Desk.make("Elsewhere")
    assert other.admin.post(desk.url("size-budgets-set"), FIELDS).status_code == 404
    assert other.admin.get(desk.url("size-budgets")).status_code == 404
    assert selectors.size_budgets(desk.workspace) == Budgets()
