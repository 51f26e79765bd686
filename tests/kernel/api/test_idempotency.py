"""A POST with an Idempotency-Key happens once, also when it is sent twice at the same moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from ferry.kernel import clock
from ferry.kernel.api import idempotency
from ferry.kernel.api.models import IdempotencyKey
from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity import selectors
from tests.kernel.office import Office
from tests.together import together

BODY = {"name": "ci", "roles": ["developer"]}


def names(office: Office) -> list[str]:
    return [token.name for token in selectors.tokens(office.workspace) if not token.name.startswith("robot")]


def test_a_repeat_gets_the_first_answer_and_does_nothing(office):
    first = office.call("post", "/tokens", BODY, idempotency_key="k-1")
    second = office.call("post", "/tokens", BODY, idempotency_key="k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second["Location"] == first["Location"]
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert names(office) == ["ci"]
    assert audit.entries(office.workspace, action="token.created").filter(after__contains='"ci"').count() == 1


def test_the_order_of_fields_does_not_matter(office):
    first = office.call("post", "/tokens", b'{"name":"ci","roles":["developer"]}', idempotency_key="k-1")
    second = office.call("post", "/tokens", b'{ "roles": ["developer"], "name": "ci" }', idempotency_key="k-1")
    assert second.json() == first.json()


def test_a_key_serves_one_request(office):
    office.call("post", "/tokens", BODY, idempotency_key="k-1")
    for path, body in (("/tokens", BODY | {"name": "other"}), ("/host-apps", {"name": "x", "environment": "test"})):
        answer = office.call("post", path, body, idempotency_key="k-1")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert names(office) == ["ci"]


def test_keys_belong_to_the_token_that_used_them(office):
    other = office.call("post", "/tokens", {"name": "robot two", "roles": ["admin"]}).json()["token"]
    first = office.call("post", "/tokens", BODY, idempotency_key="k-1")
    second = office.call("post", "/tokens", BODY, idempotency_key="k-1", token=other)
    assert first.json()["id"] != second.json()["id"]


def test_a_refusal_may_be_repeated_once_its_cause_is_gone(office):
    wrong = office.call("post", "/tokens", BODY | {"roles": []}, idempotency_key="k-1")
    assert wrong.status_code == 400
    assert not IdempotencyKey.objects.of(office.workspace).exists()
    assert office.call("post", "/tokens", BODY, idempotency_key="k-1").status_code == 201


def test_without_a_key_each_request_counts(office):
    for _ in range(2):
        assert office.call("post", "/tokens", BODY).status_code == 201
    assert names(office) == ["ci", "ci"]


@pytest.mark.parametrize("key", ["x" * 256, "a b", "é", ""])
def test_what_is_no_key(office, key):
    answer = office.call("post", "/tokens", BODY, idempotency_key=key)
    assert answer.status_code == 400
    assert names(office) == []


def test_a_key_is_forgotten_after_a_day(office):
    first = office.call("post", "/tokens", BODY, idempotency_key="k-1").json()
    office.call("post", "/tokens", BODY, idempotency_key="k-2")
    with clock.frozen(clock.now() + timedelta(hours=25)):
        assert office.call("post", "/tokens", BODY, idempotency_key="k-1").json()["id"] != first["id"]
        assert idempotency.sweep() == 1
    assert [row.key for row in IdempotencyKey.objects.of(office.workspace)] == ["k-1"]


def test_the_kept_answer_gives_no_token_away(office):
    plain = office.call("post", "/tokens", BODY, idempotency_key="k-1").json()["token"]
    (row,) = IdempotencyKey.objects.of(office.workspace).values()
    assert plain[16:] not in str(row)


@pytest.mark.django_db(transaction=True)
def test_duplicates_at_one_moment_run_once():
    office = Office.make()
    token = office.token()

    def post() -> tuple[int, str]:
        answer = Client().post(
            "/api/v1/tokens",
            BODY,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"},
        )
        return answer.status_code, answer.json()["id"]

    results = together(*[post] * 6)
    assert len(set(results)) == 1, results
    assert results[0][0] == 201
    assert names(office) == ["ci"]


@pytest.mark.django_db(transaction=True)
def test_when_the_first_fails_the_second_runs():
    """The first holds the key inside its transaction while the second waits for it; then it comes to nothing."""
    import threading

    from rest_framework.response import Response

    office = Office.make()
    inside, go_on = threading.Event(), threading.Event()

    def fail() -> Response:
        inside.set()
        go_on.wait(5)
        raise ZeroDivisionError

    def first() -> Response:
        return idempotency.once(actor=office.platform, key="k", fingerprint="f", act=fail)

    def second() -> Response:
        inside.wait(5)
        threading.Timer(0.2, go_on.set).start()
        return idempotency.once(actor=office.platform, key="k", fingerprint="f", act=lambda: Response({"n": 2}))

    results = together(first, second)
    assert isinstance(results[0], ZeroDivisionError)
    assert results[1].data == {"n": 2}
