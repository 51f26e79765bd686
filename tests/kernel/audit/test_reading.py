"""The log through the API: narrowed, paged, and for those alone who may."""

from __future__ import annotations

import pytest

from ferry.kernel.audit.services import record
from ferry.kernel.identity.rights import ROLE_RIGHTS, Right, Role
from tests.kernel.office import Office


def test_an_auditor_reads_who_did_what(office):
    app = office.call("post", "/host-apps", {"name": "Go", "environment": "test"}, x_request_id="deploy-7").json()
    (entry,) = office.call("get", "/audit?action=host_app.created", role="auditor").json()["items"]
    assert entry["target_kind"] == "hostapp"
    assert entry["target_id"] == app["id"]
    assert entry["request_id"] == "deploy-7"
    assert entry["address"] == "127.0.0.1"
    assert entry["actor_kind"] == "token"
    assert entry["before"] is None
    assert entry["after"]["name"] == "Go"


def test_pages_and_filters(office):
    for number in range(7):
        record(actor=office.platform, action=f"thing.{number % 2}", target=("thing", str(number)))
    seen, cursor = [], ""
    while cursor is not None:
        page = office.call("get", f"/audit?action=thing.&limit=3&cursor={cursor}", role="auditor").json()
        seen += [entry["target_id"] for entry in page["items"]]
        cursor = page["next"]
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    one = office.call("get", "/audit?action=thing.1", role="auditor").json()["items"]
    assert [entry["target_id"] for entry in one] == ["5", "3", "1"]
    assert len(office.call("get", "/audit?target_kind=thing&target_id=4", role="auditor").json()["items"]) == 1
    assert office.call("get", "/audit?person_id=nobody", role="auditor").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    ["cursor=x", "cursor=-1", "cursor=" + "9" * 40, "limit=0", "limit=201", "limit=x", "limit=1e1", "actoin=x",
     "action=%00", "action=" + "x" * 100, "cursor=%00"],
)  # fmt: skip
def test_a_bad_query_is_refused(office, query):
    answer = office.call("get", f"/audit?{query}", role="auditor")
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize("role", [role for role in Role if Right.READ_AUDIT not in ROLE_RIGHTS[role]])
def test_others_do_not_read_it(office, role):
    answer = office.call("get", "/audit", role=role)
    assert answer.status_code == 403
    assert answer.json()["error"]["details"] == {"right": "audit.read"}


def test_another_workspace_reads_its_own(office):
    other = Office.make("Airport")
    items = other.call("get", "/audit").json()["items"]
    assert {entry["after"]["name"] for entry in items if entry["action"] == "workspace.created"} == {"Airport"}
