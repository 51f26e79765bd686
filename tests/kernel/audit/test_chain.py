"""The audit log cannot be changed unseen: every way to touch it is tried and the first broken link is named."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from ferry.kernel import clock
from ferry.kernel.audit import chain, selectors
from ferry.kernel.audit.models import AppendOnly, AuditChain, AuditEntry
from ferry.kernel.audit.services import chain_key, content, record
from ferry.kernel.identity.actors import Actor
from tests.kernel.office import Office
from tests.together import together


@pytest.fixture
def log(office: Office) -> Office:
    """A log of six entries: the workspace was made, and five acts."""
    actor = Actor(office.workspace, "member", "m1", "Ada", frozenset(), "p1", "203.0.113.7", "r1")
    for number in range(5):
        record(
            actor=actor, action="thing.changed", target=("thing", f"t{number}"), before={"n": number}, after={"n": 9}
        )
    assert selectors.verify(office.workspace).entries == 6
    return office


def rows(office: Office) -> Any:
    """The table itself, past everything that protects it: what somebody with the database's password has."""
    return AuditEntry._base_manager.filter(workspace=office.workspace)


def test_an_untouched_log_holds(log):
    verdict = selectors.verify(log.workspace)
    assert verdict.holds
    assert (verdict.entries, verdict.broken_at) == (6, None)


FORGERIES = {
    "created_at": clock.ago(days=1),
    "actor_kind": "system",
    "actor_id": "m2",
    "actor_name": "Bob",
    "person_id": "p2",
    "address": "198.51.100.1",
    "request_id": "r2",
    "action": "thing.read",
    "target_kind": "other",
    "target_id": "t9",
    "before": '{"n":8}',
    "after": "",
    "previous": chain.START,
    "hash": "f" * 64,
}


@pytest.mark.parametrize("field", FORGERIES)
def test_a_changed_field_is_found(log, field):
    rows(log).filter(number=4).update(**{field: FORGERIES[field]})
    assert selectors.verify(log.workspace).broken_at == 4


def test_every_field_that_tells_something_is_protected():
    beside = {"id", "workspace", "number"}  # the id tells nothing; the others are tried below
    assert {field.name for field in AuditEntry._meta.fields} == set(FORGERIES) | beside


def test_a_removed_entry_is_found(log):
    rows(log).filter(number=3).delete()
    assert selectors.verify(log.workspace).broken_at == 3


def test_a_removed_entry_is_found_though_the_rest_move_up(log):
    rows(log).filter(number=3).delete()
    for number in (4, 5, 6):
        rows(log).filter(number=number).update(number=number - 1)
    AuditChain.objects.update(length=5)
    assert selectors.verify(log.workspace).broken_at == 3


def test_entries_that_change_places_are_found(log):
    for old, new in ((3, 100), (4, 3), (100, 4)):
        rows(log).filter(number=old).update(number=new)
    assert selectors.verify(log.workspace).broken_at == 3


def test_an_end_that_is_cut_off_is_found(log):
    rows(log).filter(number__gt=4).delete()
    assert selectors.verify(log.workspace).broken_at == 5


def test_an_end_that_is_cut_off_with_the_head_moved_back_is_found(log):
    rows(log).filter(number__gt=4).delete()
    AuditChain.objects.update(length=4, head=rows(log).get(number=4).hash)
    verdict = selectors.verify(log.workspace)
    assert verdict.broken_at == 4
    assert "cut off" in verdict.reason


def test_a_log_that_is_gone_whole_is_found(log):
    rows(log).delete()
    assert selectors.verify(log.workspace).broken_at == 1
    AuditChain.objects.all().delete()
    assert selectors.verify(log.workspace).broken_at == 1


def test_an_entry_that_is_slipped_in_is_found(log):
    forged = rows(log).get(number=6)
    forged.pk, forged.number, forged.previous = "0" * 26, 7, forged.hash
    forged._state.adding = True
    forged.save(force_insert=True)
    assert selectors.verify(log.workspace).broken_at == 7


def test_an_entry_of_another_workspace_is_found(log):
    """Two logs of equal length: an entry moved from one to the other with its number."""
    other = Office.make("Airport")
    taken = AuditEntry._base_manager.get(workspace=other.workspace, number=1)
    rows(log).filter(number=1).update(hash=taken.hash, action=taken.action, after=taken.after)
    assert selectors.verify(log.workspace).broken_at == 1


def test_mending_the_chain_needs_the_secret(log):
    """Somebody rewrites an entry and all hashes after it, as well as anybody can without the key."""
    previous = rows(log).get(number=3).hash
    for entry in rows(log).filter(number__gte=4).order_by("number"):
        entry.action = "thing.denied" if entry.number == 4 else entry.action
        entry.previous, entry.hash = previous, chain.link(b"guess", previous, content(entry))
        rows(log).filter(pk=entry.pk).update(action=entry.action, previous=entry.previous, hash=entry.hash)
        previous = entry.hash
    AuditChain.objects.update(head=previous, seal=chain.seal(b"guess", log.workspace.id, 6, previous))
    assert selectors.verify(log.workspace).broken_at == 4


def test_the_code_has_no_way_to_change_an_entry(log):
    entry = rows(log).get(number=2)
    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        entry.delete()


def test_an_act_that_fails_leaves_no_entry(log):
    def act() -> None:
        record(actor=log.platform, action="thing.changed", target=("thing", "x"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transaction.atomic(act)()
    assert selectors.verify(log.workspace).entries == 6


@pytest.mark.django_db(transaction=True)
def test_writers_at_one_moment_stand_in_line():
    office = Office.make()

    def write() -> None:
        for _ in range(5):
            record(actor=office.platform, action="thing.changed", target=("thing", "x"))

    assert together(*[write] * 4) == [None] * 4
    verdict = selectors.verify(office.workspace)
    assert verdict.holds, verdict
    assert verdict.entries == 21


def test_large_and_odd_values_are_kept_within_bounds(office):
    record(
        actor=office.platform,
        action="thing.changed",
        target=("thing", "t" * 500),
        before={"text": "x" * 100_000},
        after={"text": "a\0b\ud800c", "when": clock.now(), "wait": timedelta(seconds=1), "float": 1e22},
    )
    entry = selectors.entries(office.workspace)[0]
    assert selectors.read(entry.before).keys() == {"sha256", "size"}
    assert selectors.read(entry.after)["float"] == 1e22
    assert "\0" not in entry.after
    assert len(entry.target_id) == 80
    assert selectors.verify(office.workspace).holds


def test_the_key_is_not_the_secret_itself():
    assert len(chain_key()) == 32


def verify_command(**options: Any) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    try:
        call_command("verify_audit", json=True, stdout=out, **options)
    except SystemExit as ended:
        return int(ended.code or 0), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_the_command_names_the_first_broken_link(log):
    Office.make("Airport")
    status, told = verify_command()
    assert (status, told["holds"], len(told["workspaces"])) == (0, True, 2)
    rows(log).filter(number=5).update(address="")
    status, told = verify_command()
    assert (status, told["holds"]) == (1, False)
    assert {each["workspace"]: each["broken_at"] for each in told["workspaces"]} == {"airport": None, "harbour": 5}
    assert verify_command(workspace="airport")[0] == 0
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=out)
    assert "harbour: 6 entries, BROKEN at entry 5" in out.getvalue()
