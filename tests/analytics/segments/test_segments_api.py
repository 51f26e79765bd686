"""Segments over the management API, as a client sees it."""

from __future__ import annotations

import json

import pytest

from analytics.models import Device
from ferry.kernel import clock
from tests.world import World

CHINESE = [{"contextName": "locale", "operator": "STR_STARTS_WITH", "values": ["zh"]}]


class Api:
    """A client with one token."""

    def __init__(self, client, token):
        self._client, self._token = client, token

    def __call__(self, method, path, body=None, **headers):
        answer = self._client.generic(
            method,
            f"/api/v1/{path}",
            data=b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self._token}", **headers},
        )
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def api(client, world):
    return Api(client, world.token("operator"))


def test_a_segment_is_created_shown_changed_counted_and_deleted(api, world):
    status, made = api("POST", "segments", {"name": "Chinese speakers", "constraints": CHINESE})
    assert status == 201
    assert (made["kind"], made["constraints"]) == ("rules", CHINESE)
    where = f"segments/{made['id']}"
    assert api("GET", where) == (200, made)
    assert api("GET", "segments")[1]["items"] == [made]
    status, changed = api("PATCH", where, {"description": "By their phone's language"})
    assert (status, changed["description"], changed["name"]) == (200, "By their phone's language", made["name"])
    assert api("GET", f"{where}/reach?host_app={world.host_app.pk}") == (200, {"devices": 0, "matched": 0})
    assert api("DELETE", where) == (204, None)
    assert api("GET", where)[0] == 404
    assert world.published() == {}


def test_reach_asks_the_engine_about_the_devices_seen_last(api, world):
    seen = {"host_app_id": world.host_app.pk, "first_seen": clock.now(), "last_seen": clock.now()}
    for number, (bound, claimed) in enumerate([("anna", ""), ("", "anna"), ("ben", "")]):
        about = {"device_id": f"d{number}", "bound_user": bound, "claimed_user": claimed, "locale": "zh-CN"}
        Device.objects.create(workspace=world.workspace, **about, **seen)
    _, guests = api("POST", "segments", {"name": "Guests", "members": ["anna"]})
    _, chinese = api("POST", "segments", {"name": "Chinese speakers", "constraints": CHINESE})
    for segment, matched in ((guests, 1), (chinese, 3)):
        path = f"segments/{segment['id']}/reach?host_app={world.host_app.pk}"
        assert api("GET", path) == (200, {"devices": 3, "matched": matched})


def test_a_list_comes_in_portions_and_shows_its_size_only(api):
    _, made = api("POST", "segments", {"name": "Guests", "members": ["anna", "ben"]})
    assert (made["kind"], made["field"], made["size"]) == ("list", "userId", 2)
    _, changed = api("PATCH", f"segments/{made['id']}", {"add": ["carl"], "remove": ["anna"]})
    assert changed["size"] == 2
    assert "anna" not in str(changed)


def test_a_repeat_with_the_same_key_gives_the_same_segment(api):
    body = {"name": "Guests", "members": ["anna"]}
    first = api("POST", "segments", body, **{"Idempotency-Key": "once"})
    assert api("POST", "segments", body, **{"Idempotency-Key": "once"}) == first
    assert len(api("GET", "segments")[1]["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "x"}, 400, "segment_invalid"),
        ({"name": "x", "constraints": []}, 400, "segment_invalid"),
        ({"name": "x", "constraints": "all"}, 400, "segment_invalid"),
        (
            {"name": "x", "constraints": [{"contextName": "a", "operator": "REGEX", "value": "a"}]},
            400,
            "segment_invalid",
        ),
        ({"name": "x", "constraints": [{"contextName": ["a"], "operator": {}}]}, 400, "segment_invalid"),
        ({"name": "x", "members": ["a\nb"]}, 400, "set_invalid"),
        ({"name": "x", "members": [5.5, {}]}, 400, "invalid"),
        ({"name": "x", "members": ["a"], "colour": "red"}, 400, "invalid"),
        ({"name": "", "members": ["a"]}, 400, "invalid"),
        ([], 400, "invalid"),
    ],
)
def test_bad_input_is_refused_in_words_that_help(api, world, body, status, code):
    found, answer = api("POST", "segments", body)
    assert (found, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"]
    assert world.published() == {}


def test_problems_name_their_place(api):
    wrong = [{"contextName": "level", "operator": "NUM_GT", "value": "high"}]
    _, answer = api("POST", "segments", {"name": "x", "constraints": wrong})
    assert answer["error"]["details"]["problems"] == [
        {
            "path": "constraints[0].value",
            "code": "not_a_limit",
            "message": "constraints[0].value is nothing that this operator can compare with",
        }
    ]


def test_rights_and_workspaces_are_kept_apart(client, api, world):
    _, made = api("POST", "segments", {"name": "Guests", "members": ["anna"]})
    where = f"segments/{made['id']}"
    stranger = Api(client, World.make("Elsewhere").token("admin"))
    for method in ("GET", "PATCH", "DELETE"):
        assert stranger(method, where, {})[0] == 404
    assert stranger("GET", "segments")[1]["items"] == []
    assert stranger("GET", f"{where}/reach?host_app={world.host_app.pk}")[0] == 404
    developer = Api(client, world.token("developer"))
    assert developer("GET", where)[0] == 200
    for method, path in (("POST", "segments"), ("PATCH", where), ("DELETE", where), ("GET", f"{where}/reach")):
        assert developer(method, path, {} if method != "GET" else None)[0] == 403
    assert Api(client, "ft_nothing")("GET", "segments")[0] == 401
