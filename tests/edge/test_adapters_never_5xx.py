"""Whatever a CodePush client, a Dimina host or somebody who pretends to be one sends is answered with less than 500."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferry.edge import registry
from ferry.edge.app import EdgeApp
from ferry.edge.snapshot.client import SnapshotClient
from miniapps.adapters import codepush_edge, dimina_edge
from tests.edge.published import APP_KEY, Caller, Published, program_body, release_body
from tests.edge.test_never_5xx import values

ANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEY = f"{APP_KEY}.android.news"

texts = st.text(max_size=40) | st.sampled_from(
    [KEY, APP_KEY, "android", "6.3.0", "v1", "v2", "1", "0" * 64, "a" * 65, "true", "%00", "\ud7ff", "."]
)
names = st.sampled_from(
    [
        "deployment_key",
        "deploymentKey",
        "app_version",
        "appVersion",
        "package_hash",
        "label",
        "client_unique_id",
        "clientUniqueId",
        "is_companion",
        "status",
        "previous_label_or_app_version",
        "did",
        "app_key",
        "platform",
        "version",
        "user",
        "attributes.tier",
        "attributes.",
        "os",
    ]
)
known = {"deployment_key": KEY, "app_version": "6.3.0", "app_key": APP_KEY, "platform": "android", "version": "6.3.0"}
queries = st.dictionaries(names | texts, texts, max_size=8).map(lambda more: {**known, **more})
reports = values | st.dictionaries(names | texts, texts | values, max_size=8).map(lambda more: {**known, **more})


@pytest.fixture
def asked(edge: EdgeApp, published: Published, client: SnapshotClient) -> None:
    """A program with a gray release and a history for Dimina, and the adapters' routes."""
    registry.register_loader("adapter", "miniapps.adapters.load.load_adapter")
    codepush_edge.add_routes(edge)
    dimina_edge.add_routes(edge)
    half = {"any": [{"rollout": {"share": 5000, "stickiness": "deviceId", "group": "g"}}]}
    gray, full = release_body(2, rule=half), release_body(1)
    for release in (gray, full):
        release["version"]["kind"] = "dimina"
    published.program(program_body("news", gray, full))
    given_of = {
        release["id"]: {
            "version": release["version"]["id"],
            "name": "1.0.0",
            "entry": "pages/home",
            "deflated": None,
            "code": release["version"]["code"],
            "sha256": release["version"]["sha256"],
            "size": 10,
            "codepush_hash": "c" * 64,
            "notes": "",
            "mandatory": False,
            "range": {"android": {"min": "6.0.0", "max": None}},
        }
        for release in (gray, full)
    }
    rules = [{**release, "installed_only": False} for release in (gray, full)]
    past = [{"number": 3, "at": 1_700_000_000.0, "releases": rules}]
    published.others["adapter:news"] = {"id": "news", "name": "News", "releases": given_of, "generations": past}
    assert client.poll()


@ANY
@given(query=queries)
def test_questions(asked: None, call: Caller, query: dict[str, str]) -> None:
    text = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())
    for path in ("/v0.1/public/codepush/update_check", "/updateCheck", "/dimina/news/manifest"):
        answer = call("GET", f"{path}?{text}")
        assert answer.status_code < 500, (path, query, answer.text)


@ANY
@given(query=st.binary(max_size=60))
def test_queries_that_are_none(asked: None, call: Caller, query: bytes) -> None:
    for path in ("/v0.1/public/codepush/update_check", "/dimina/news/manifest"):
        answer = call("GET", f"{path}?{quote(query)}&app_key={APP_KEY}&deployment_key={KEY}")
        assert answer.status_code < 500, (path, query, answer.text)


@ANY
@given(body=st.binary(max_size=100) | reports.map(lambda value: json.dumps(value).encode()))
def test_reports(asked: None, call: Caller, body: bytes) -> None:
    for path in ("/v0.1/public/codepush/report_status/deploy", "/reportStatus/download"):
        answer = call("POST", path, content=body)
        assert answer.status_code < 500, (path, body, answer.text)


def test_the_questions_above_can_be_answered_well(asked: None, call: Caller) -> None:
    said = call("GET", f"/updateCheck?deployment_key={KEY}&app_version=6.3.0&client_unique_id=p").json()
    assert said["updateInfo"]["isAvailable"] is True
    manifest = call("GET", f"/dimina/news/manifest?app_key={APP_KEY}&platform=android&version=6.3.0&did=p").json()
    assert manifest["versionCode"] == 3


def test_a_dimina_host_without_an_app_key_is_told_where_it_goes(asked: None, call: Caller) -> None:
    for query in ("", "?app_key=", "?app_key=fa_other"):
        error = call("GET", f"/dimina/news/manifest{query}").json()["error"]
        assert error["code"] == "app_key_unknown"
        assert "?app_key=" in error["message"]
        assert "X-App-Key" not in error["message"]
