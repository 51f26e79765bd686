"""Churn prediction over the management API, and what the ticks start."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command

from analytics.churn import tasks
from ferry.config.celery import beat_entries
from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit

pytestmark = pytest.mark.usefixtures("small_floor")


class Api:
    """A client with one token, below one host app."""

    def __init__(self, client, world, role="operator"):
        self._client, self._token, self._base = (
            client,
            world.token(role),
            f"/api/v1/host-apps/{world.host_app.pk}/churn",
        )

    def __call__(self, method, path="", body=None):
        answer = self._client.generic(
            method,
            self._base + path,
            data=b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self._token}"},
        )
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def api(client, world):
    return Api(client, world)


def test_from_a_definition_to_a_segment(api, world):
    status, state = api("GET")
    assert (status, state["active"], state["inactive_days"], state["run"]) == (200, False, 7, None)
    assert api("GET", "/scores")[1]["error"]["code"] == "churn_no_prediction"
    assert api("POST", "/train")[1]["error"]["code"] == "churn_not_set"
    assert api("POST", "/bands/high/segment", {})[1]["error"]["code"] == "churn_not_set"
    assert api("PUT", body={"inactive_days": 7, "high_from": 40})[1]["error"]["code"] == "churn_definition_invalid"

    world.past()
    status, state = api("PUT", body={"high_from": 60, "medium_from": 40, "activity_events": ["open", "pay", "read"]})
    assert (status, state["active"], state["model"]) == (200, True, None)
    call_command("predict_churn", verbosity=0)

    status, state = api("GET")
    assert state["problem"] == ""
    assert state["model"]["quality"]["auc"] > state["model"]["baselines"]["recency"]["auc"] - 0.05
    assert state["run"]["users"] == sum(state["run"]["counts"].values())
    assert api("GET", "/models")[1]["items"][0]["id"] == state["model"]["id"]

    bands = {item["band"]: item for item in api("GET", "/bands")[1]["items"]}
    assert [bands[name]["from_score"] for name in ("high", "medium", "low")] == [60, 40, 0]
    assert bands["high"]["on"]
    status, segment = api("POST", "/bands/high/segment", {})
    assert (status, segment["kind"], segment["size"]) == (201, "prediction", bands["high"]["users"])
    assert (segment["host_app"], segment["band"]) == (world.host_app.pk, "high")
    assert api("POST", "/bands/purple/segment", {})[0] == 404
    assert api("POST", "/train")[0] == 202


def test_scores_come_riskiest_first_in_pages_and_leave_a_trace(api, world):
    world.past()
    world.defines(high_from=60, medium_from=40)
    world.works()
    seen, cursor = [], ""
    while cursor is not None:
        _, page = api("GET", f"/scores?limit=200{cursor and '&cursor=' + cursor}")
        seen += page["items"]
        cursor = page["next"]
    assert len({item["user"] for item in seen}) == len(seen) == world.runs()[0].users
    assert [item["probability"] for item in seen] == sorted((item["probability"] for item in seen), reverse=True)
    assert any(item["reasons"] and item["reasons"][0]["text"] for item in seen)
    one = seen[0]["user"]
    assert [item["user"] for item in api("GET", f"/scores?user={one}")[1]["items"]] == [one]
    assert {item["band"] for item in api("GET", "/scores?band=high")[1]["items"]} == {"high"}
    assert "churn.scores_viewed" in {entry.action for entry in audit.entries(world.workspace)}


def test_who_may_do_what(client, world):
    world.defines()
    developer, analyst = Api(client, world, "developer"), Api(client, world, "analyst")
    assert developer("GET")[0] == 200
    assert developer("PUT", body={})[0] == developer("POST", "/train")[0] == 403
    assert developer("GET", "/scores")[0] == developer("POST", "/bands/high/segment", {})[0] == 403
    assert analyst("PUT", body={})[0] == 200


def test_a_tick_starts_a_process_only_when_something_is_due(world, monkeypatch):
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks.apart, "run", lambda *command, manage: started.append(command))
    tasks.train_churn()
    tasks.score_churn()
    assert started == []
    world.past(users=30)
    world.defines()
    tasks.train_churn()
    assert started == [("predict_churn",)]
    world.works()
    tasks.train_churn()
    with clock.frozen(clock.now() + timedelta(hours=24)):
        tasks.score_churn()
    assert started == [("predict_churn",), ("predict_churn", "--score-only")]
    for name in ("analytics.train_churn", "analytics.score_churn"):
        assert beat_entries()[name]["options"]["queue"] == "heavy"


def test_idle_processes_stay_light(root):
    """scikit-learn is 100 MB in every process that loads it: only a training or a command does."""
    program = (
        "import sys, django; django.setup()\n"
        "import analytics.tasks, analytics.churn.working, analytics.urls, analytics.importing\n"
        "print([name for name in ('sklearn', 'scipy', 'numpy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=_environment(root), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def _environment(root) -> dict[str, str]:
    import os

    path = os.pathsep.join((str(root), str(root / "platform")))
    return {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "ferry.config.settings"}
