"""The management API of mini-programs: from an upload to a release and back, over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from ferry.kernel.identity.rights import Role
from tests.world import PAGE, RANGE, World, make_zip

pytestmark = pytest.mark.django_db

API = "/api/v1"


class Caller:
    """Somebody with a token."""

    def __init__(self, world: World, role: str) -> None:
        self._client = Client()
        self._headers = {"Authorization": f"Bearer {world.token(role)}"}

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return self._client.post(API + path, json.dumps(body or {}), content_type="application/json", headers=headers)

    def send(self, method: str, path: str, body: bytes, kind: str, *, key: str = "") -> Any:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return self._client.generic(method, API + path, body, content_type=kind, headers=headers)

    def form(self, path: str, fields: dict[str, Any]) -> Any:
        return self._client.post(API + path, fields, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(API + path, headers=self._headers)


@pytest.fixture
def small(db: None) -> World:
    return World.make(devices=10)


def by_role(world: World) -> dict[str, Caller]:
    return {role: Caller(world, role) for role in (Role.DEVELOPER, Role.REVIEWER, Role.OPERATOR)}


def upload_path(world: World, **query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/mini-programs/{world.program.program_id}/versions?{asked}"


def test_the_whole_way_of_a_version(small):
    callers = by_role(small)
    path = upload_path(small, name="1.0.0", host_range=json.dumps(RANGE))
    body = make_zip({"index.html": PAGE}).read()
    version = callers["developer"].send("POST", path, body, "application/zip")
    assert version.status_code == 201, version.content
    version = version.json()
    assert version["code"] == 1
    assert version["files"][0]["path"] == "index.html"
    where = {"host_app": small.host_app.pk}
    assert callers["developer"].post(f"/versions/{version['id']}/submit", where).json()["state"] == "submitted"
    assert callers["reviewer"].get(f"/reviews?state=submitted&host_app={small.host_app.pk}").json()["items"]
    assert callers["reviewer"].post(f"/versions/{version['id']}/approve", where).json()["state"] == "approved"
    plan = {**where, "version": version["id"], "kind": "gray", "share": 5000}
    release = callers["operator"].post("/releases", plan)
    assert release.status_code == 201, release.content
    release = release.json()
    acts = [("share", {"share": 7500}), ("pause", {}), ("resume", {}), ("complete", {})]
    states = [callers["operator"].post(f"/releases/{release['id']}/{act}", body).json() for act, body in acts]
    assert [state["state"] for state in states] == ["running", "paused", "running", "running"]
    full = states[-1]
    assert (full["kind"], full["supersedes"]) == ("full", release["id"])
    assert small.devices_on("1.0.0") == set(small.devices)
    stopped = callers["operator"].post(f"/releases/{full['id']}/roll-back", {"reason": "It crashes."})
    assert stopped.json()["state"] == "rolled_back"
    listed = callers["operator"].get(f"/releases?program={small.program.program_id}").json()["items"]
    assert [one["state"] for one in listed] == ["rolled_back", "completed"]


def test_a_form_carries_the_zip_as_well(small):
    archive = SimpleUploadedFile("v.zip", make_zip({"index.html": PAGE}).read(), "application/zip")
    fields = {"package": archive, "name": "1.0.0", "host_range": json.dumps(RANGE)}
    answer = Caller(small, Role.DEVELOPER).form(upload_path(small), fields)
    assert answer.status_code == 201, answer.content
    assert answer.json()["name"] == "1.0.0"


def test_a_refused_package_says_what_is_wrong_and_what_to_do(small):
    body = make_zip({"../index.html": PAGE}).read()
    path = upload_path(small, host_range=json.dumps(RANGE))
    answer = Caller(small, Role.DEVELOPER).send("POST", path, body, "application/zip")
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "package_refused"
    found = error["details"]["report"]["errors"][0]
    assert (found["code"], found["path"]) == ("name_traversal", "../index.html")
    assert found["message"]
    assert found["fix"]


def test_checking_a_package_tells_the_same_and_stores_nothing(small):
    before = small.fingerprint()
    caller = Caller(small, Role.DEVELOPER)
    good = caller.send("POST", "/packages/check", make_zip({"index.html": PAGE}).read(), "application/zip").json()
    bad = caller.send("POST", "/packages/check", make_zip({"page.html": PAGE}).read(), "application/zip").json()
    assert good["accepted"]
    assert good["package"]["entry"] == "index.html"
    assert [bad["accepted"], bad["report"]["errors"][0]["code"]] == [False, "no_entry"]
    after = World.fingerprint(small)
    assert before != after  # the token that was used
    assert not caller.get(upload_path(small)).json()["items"]


@pytest.mark.parametrize(
    ("query", "body", "kind", "status", "code"),
    [
        ({}, b"", "application/zip", 400, "invalid"),
        ({}, b"{}", "application/json", 400, "invalid"),  # JSON names a finished upload
        ({}, b"{}", "text/plain", 415, "unsupported_media_type"),
        ({"host_range": "nonsense"}, None, "application/zip", 400, "invalid"),
        ({"host_range": "[]"}, None, "application/zip", 400, "invalid"),
        ({}, None, "application/zip", 422, "host_range_missing"),
        ({"host_range": '{"symbian": {"min": "1"}}'}, None, "application/zip", 422, "host_range_invalid"),
        ({"host_range": '{"ios": {"max": "1"}}'}, None, "application/zip", 422, "host_range_invalid"),
        ({"host_range": json.dumps(RANGE), "code": "0"}, None, "application/zip", 400, "invalid"),
        ({"host_range": json.dumps(RANGE), "size": "1"}, None, "application/zip", 400, "invalid"),
    ],
)
def test_an_upload_that_makes_no_sense_is_refused(small, query, body, kind, status, code):
    body = make_zip({"index.html": PAGE}).read() if body is None else body
    answer = Caller(small, Role.DEVELOPER).send("POST", upload_path(small, **query), body, kind)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.content


@pytest.mark.parametrize("path", ["/imports", "/packages/check"])
def test_a_body_of_another_type_is_told_which_ones_are_read(small, path):
    answer = Caller(small, Role.DEVELOPER).send("POST", path, b"{}", "application/json")
    assert answer.status_code == 415
    assert "application/zip" in answer.json()["error"]["details"]["expected"]
    assert "json" not in answer.json()["error"]["message"]


def test_a_repeated_upload_with_the_same_key_makes_one_version(small):
    caller = Caller(small, Role.DEVELOPER)
    path, body = upload_path(small, host_range=json.dumps(RANGE)), make_zip({"index.html": PAGE}).read()
    first, second = (caller.send("POST", path, body, "application/zip", key="build-7") for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    other = caller.send("POST", path, make_zip({"index.html": b"x"}).read(), "application/zip", key="build-7")
    assert other.status_code == 409
    assert len(caller.get(upload_path(small)).json()["items"]) == 1


def test_a_repeated_release_with_the_same_key_starts_once(small):
    version = small.version("1.0.0")
    plan = {"host_app": small.host_app.pk, "version": version.pk, "kind": "gray", "share": 100}
    caller = Caller(small, Role.OPERATOR)
    first, second = (caller.post("/releases", plan, key="once") for _ in range(2))
    assert first.json() == second.json()
    assert len(caller.get("/releases").json()["items"]) == 1


def test_an_upload_above_the_limit_is_refused(small, settings):
    settings.FERRY_MAX_UPLOAD_BYTES = 100
    path = upload_path(small, host_range=json.dumps(RANGE))
    answer = Caller(small, Role.DEVELOPER).send("POST", path, b"PK\3\4" + b"x" * 200_000, "application/zip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_an_icon_is_set_from_a_picture(small):
    import io

    out = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(out, "PNG")
    path = f"/mini-programs/{small.program.program_id}/icon"
    caller = Caller(small, Role.DEVELOPER)
    icons = caller.send("PUT", path, out.getvalue(), "image/png").json()["icons"]
    assert set(icons) == {"48", "96", "192", "512", "48.webp", "96.webp", "192.webp", "512.webp"}
    assert caller.send("PUT", path, b"GIF89a", "image/png").json()["error"]["code"] == "icon_refused"


def test_a_dry_run_and_an_explanation_answer_over_http(small):
    small.release("1.0.0")
    version = small.version("2.0.0")
    operator = Caller(small, Role.OPERATOR)
    run = operator.post(
        f"/host-apps/{small.host_app.pk}/dry-run", {"version": version.pk, "kind": "gray", "share": 10_000}
    )
    assert run.status_code == 200, run.content
    context = {"platform": "android", "host_version": "6.3.0", "device_id": "d1"}
    asked = {"program": small.program.program_id, "context": context}
    answer = operator.post(f"/host-apps/{small.host_app.pk}/explain", asked)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["release"]["version_name"] == "1.0.0"
    assert told["steps"][0]["chosen"]
    assert told["steps"][0]["reasons"]
    unknown = operator.post(f"/host-apps/{small.host_app.pk}/explain", {**asked, "context": None, "device": "nobody"})
    assert unknown.status_code == 404
    both = operator.post(f"/host-apps/{small.host_app.pk}/explain", {**asked, "device": "d1"})
    assert both.status_code == 400


def test_withdrawing_and_rolling_back_to_a_version_over_http(small):
    old = small.version("1.0.0")
    small.release("1.0.0")
    small.release("2.0.0")
    operator, path = Caller(small, Role.OPERATOR), f"/mini-programs/{small.program.program_id}"
    where = {"host_app": small.host_app.pk}
    back = operator.post(f"{path}/roll-back", {**where, "version": old.pk})
    assert [one["version_name"] for one in back.json()["stopped"]] == ["2.0.0"]
    assert back.json()["serving"]["version_name"] == "1.0.0"
    turned = operator.post(f"{path}/withdraw", {**where, "message": "Closed \u202erof"})
    assert turned.status_code == 400
    assert "turn the direction" in str(turned.json()["error"]["details"])
    assert operator.post(f"{path}/withdraw", {**where, "message": "Closed."}).json()["withdrawn_message"] == "Closed."
    assert operator.post(f"{path}/withdraw", {**where, "message": "Closed."}).status_code == 409
    assert operator.post(f"{path}/restore", where).json()["withdrawn_at"] is None
    assert operator.get(f"{path}/devices?host_app={small.host_app.pk}").json() == {"devices": 0, "versions": []}


def test_a_mini_program_is_placed_in_the_directory_of_one_host_app(small):
    small.release("1.0.0")
    operator, path = Caller(small, Role.OPERATOR), f"/host-apps/{small.host_app.pk}/mini-programs"
    placed = {"order": 3, "category": "Travel"}
    program = small.program.program_id
    answer = operator.send("PUT", f"{path}/{program}", json.dumps(placed).encode(), "application/json")
    assert answer.status_code == 200, answer.content
    assert (small.part()["order"], small.part()["category"]) == (3, "Travel")
    assert [one["program"] for one in operator.get(path).json()["items"]] == [program]
    operator.send("PUT", f"{path}/{program}", b'{"order": null, "category": null}', "application/json")
    assert (small.part()["order"], small.part()["category"]) == (0, "")


def test_rights_are_asked_for_each_act(small):
    version = small.upload("1.0.0")
    where = {"host_app": small.host_app.pk}
    callers = by_role(small)
    refused = [
        callers["reviewer"].post(f"/versions/{version.pk}/submit", where),
        callers["developer"].post(f"/versions/{version.pk}/approve", where),
        callers["developer"].post("/releases", {**where, "version": version.pk, "kind": "full"}),
        callers["operator"].send("POST", upload_path(small), b"PK", "application/zip"),
        callers["developer"].post(f"/mini-programs/{small.program.program_id}/withdraw", {**where, "message": "x"}),
        callers["developer"].post(f"/host-apps/{small.host_app.pk}/explain", {"program": "x", "device": "d"}),
    ]
    assert [answer.json()["error"]["code"] for answer in refused] == ["not_allowed"] * len(refused)


def test_a_preview_has_an_address_that_cannot_be_guessed(small):
    version = small.upload("1.0.0")
    first, second = (Caller(small, Role.REVIEWER).post(f"/versions/{version.pk}/previews").json() for _ in range(2))
    assert first["url"] != second["url"]
    assert len(first["url"].split("//")[1].split(".")[0]) == 32


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"kind": "full", "starts_at": "9999-12-31T23:59:59Z"}, "more than a year"),
        ({"kind": "full", "starts_at": "9999-12-31T23:59:59-12:00"}, ""),
        ({"kind": "trial", "users": ["anna"], "ends_at": "9999-12-31T23:59:59-12:00"}, ""),
        ({"kind": "full", "starts_at": "0001-01-01T00:00:00+12:00"}, ""),
        ({"kind": "trial", "users": ["a" * 129]}, "128"),
        ({"kind": "trial", "devices": ["d" * 65]}, "64"),
    ],
)
def test_a_plan_beyond_all_bounds_is_refused_with_the_bound(small, plan, says):
    version = small.version("1.0.0")
    body = {"host_app": small.host_app.pk, "version": version.pk, **plan}
    refused = Caller(small, Role.OPERATOR).post("/releases", body)
    assert (refused.status_code, says in refused.json()["error"]["message"]) == (400, True), refused.content


@pytest.mark.parametrize("query", ["name=%ff", "cursor=%ff", "%c3%28=1"])
def test_a_query_that_is_not_utf8_is_refused(small, query):
    caller = Caller(small, Role.DEVELOPER)
    for path in ("/mini-programs", "/releases", "/host-apps"):
        assert caller.get(f"{path}?{query}").status_code == 400
    assert caller.get("/mini-programs?limit=%31").status_code == 200


def test_a_list_that_cannot_be_narrowed_down_says_so(small):
    refused = Caller(small, Role.DEVELOPER).get("/mini-programs?name=City")
    assert (refused.status_code, "unknown" in refused.json()["error"]["message"]) == (400, True)
