"""The edge gives login codes to verified users of programs that are offered, and asks no database."""

from __future__ import annotations

import pytest

from ferry.edge.snapshot.client import SnapshotClient
from miniapps.login.codes import read_code
from tests.edge.published import APP_ID, NOW, Caller, Published, program_body, release_body
from tests.edge.test_checkin import token


@pytest.fixture(autouse=True)
def _offered(published: Published, client: SnapshotClient) -> None:
    published.program(program_body("card", release_body(1)))
    published.program(program_body("shut", withdrawn={"message": "In repair."}))
    client.poll()


def ask(call: Caller, program: str, authorization: str) -> tuple[int, dict]:
    answer = call("POST", "/v1/login/code", json={"mini_program": program}, authorization=authorization)
    return answer.status_code, answer.json()


def test_a_verified_user_gets_a_code_for_this_program(call: Caller) -> None:
    status, said = ask(call, "card", token(user="anna"))
    assert (status, said["expires_in"]) == (200, 300)
    code = read_code(said["code"], now=NOW + 299)
    assert code is not None
    assert (code.program_id, code.host_app_id, code.user, code.environment) == ("card", APP_ID, "anna", "production")
    assert ask(call, "card", token(user="anna"))[1]["code"] != said["code"]
    assert read_code(said["code"], now=NOW + 301) is None


def test_who_is_not_verified_gets_none(call: Caller) -> None:
    assert ask(call, "card", token())[1]["error"]["code"] == "user_not_bound"
    assert ask(call, "card", "")[1]["error"]["code"] == "device_token_missing"
    assert ask(call, "card", token(user="anna")[:-3] + "AAA")[1]["error"]["code"] == "device_token_invalid"


@pytest.mark.parametrize("program", ["shut", "unknown"])
def test_a_withdrawn_program_and_one_that_does_not_exist_read_the_same(call: Caller, program: str) -> None:
    status, said = ask(call, program, token(user="anna"))
    assert (status, said["error"]["code"]) == (404, "mini_program_unavailable")


@pytest.mark.parametrize("body", [{}, {"mini_program": ""}, {"mini_program": "x" * 65}, {"mini_program": 7}, []])
def test_nonsense_is_refused(call: Caller, body: object) -> None:
    assert call("POST", "/v1/login/code", json=body, authorization=token(user="anna")).status_code == 400
