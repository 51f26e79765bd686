"""Freshness is signed anew each minute, stays with its version, and never stands in a publisher's way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ferry.kernel import clock
from ferry.kernel.publishing import selectors
from ferry.kernel.publishing.services import publishing, renew_stamp
from ferry.kernel.signing import freshness, tasks
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.models import SigningKey
from ferry.kernel.signing.services import verify
from tests.kernel.publishing.harbour import make_host_app, make_workspace

NOON = datetime(2126, 11, 22, 12, tzinfo=UTC)


def shown(app) -> dict:
    return selectors.manifest(app.pk)[2]


def test_the_statement_is_signed_by_the_freshness_key(host_app):
    document = shown(host_app)
    said, signature = document["statement"], document["signature"]
    key = SigningKey.objects.of(host_app.workspace).get(kid=signature["kid"])
    assert key.purpose == "freshness"
    assert verify(key.public_pem, canonical_json(said), signature["value"])
    assert said["host_app"] == host_app.app_key
    assert said["expires_at"] - said["issued_at"] == freshness.VALID_MS


def test_a_tick_renews_it_without_a_new_version(host_app):
    with clock.frozen(NOON):
        tasks.refresh_freshness()
    document = shown(host_app)
    assert document["statement"]["issued_at"] == int(NOON.timestamp() * 1000)
    ((_, version, stamp),) = selectors.versions()
    assert (version, stamp) == (1, int(NOON.timestamp() * 1000))
    assert selectors.freshness([host_app.pk]) == {host_app.pk: document}


def test_a_publish_renews_it_too(host_app, board):
    board.bodies = {"a": {"n": 1}}
    with clock.frozen(NOON), publishing(host_app) as publication:
        publication.changed("board", "a")
    assert shown(host_app)["statement"] == {
        "host_app": host_app.app_key,
        "version": 2,
        "issued_at": int(NOON.timestamp() * 1000),
        "expires_at": int(NOON.timestamp() * 1000) + freshness.VALID_MS,
        "keys": 1,
        "offered": selectors.manifest(host_app.pk)[1]["offered:"]["sha"],
    }


def test_a_renewal_that_comes_late_does_not_overwrite_a_newer_version(host_app, board):
    board.bodies = {"a": {"n": 1}}
    with publishing(host_app) as publication:
        publication.changed("board", "a")
    newer = shown(host_app)
    with clock.frozen(NOON):
        assert renew_stamp(host_app, 1) is False
    assert shown(host_app) == newer


def test_nor_does_an_older_one_of_the_same_version(host_app):
    with clock.frozen(NOON):
        assert renew_stamp(host_app, 1)
    with clock.frozen(NOON - timedelta(minutes=1)):
        assert not renew_stamp(host_app, 1)
    assert shown(host_app)["statement"]["issued_at"] == int(NOON.timestamp() * 1000)


def test_a_workspace_without_keys_gets_them_at_the_next_tick(workspace):
    SigningKey.objects.of(workspace).delete()
    app = make_host_app(workspace)
    assert shown(app) is None  # publishing went on
    with clock.frozen(NOON):
        freshness.refresh()
        freshness.refresh()
    assert shown(app)["statement"]["version"] == selectors.manifest(app.pk)[0]


def test_one_workspace_whose_key_does_not_open_does_not_age_the_others(host_app, caplog):
    broken = make_host_app(make_workspace("Broken"))
    SigningKey.objects.of(broken.workspace).update(sealed_private="f1.00000000.AAAA")
    with clock.frozen(NOON):
        assert freshness.refresh() == 1
    assert shown(host_app)["statement"]["issued_at"] == int(NOON.timestamp() * 1000)
    assert f"freshness of host app {broken.pk} cannot be renewed" in caplog.text


@pytest.mark.parametrize("number", [1, 4])
def test_a_renewal_costs_few_queries(workspace, number, django_assert_max_num_queries):
    for each in range(number):
        make_host_app(workspace, f"App {each}")
    with clock.frozen(NOON), django_assert_max_num_queries(6 + 6 * number):
        freshness.refresh()
