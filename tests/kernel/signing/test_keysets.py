"""The list of keys: signed by root keys alone, never older than the keys are, and the same for whoever asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ferry.kernel import clock
from ferry.kernel.identity.actors import system
from ferry.kernel.publishing import selectors
from ferry.kernel.signing import freshness, keysets, services
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.models import SigningKey
from tests.kernel.publishing.harbour import make_host_app, make_workspace


def listed(app: Any) -> dict[str, Any]:
    """As an edge would give it."""
    document: dict[str, Any] = selectors.manifest(app.pk)[2]["keys"]
    return document


def signers(document: dict[str, Any], workspace: Any) -> set[str]:
    """The purposes of the keys whose signatures hold."""
    pems = {key.kid: key for key in SigningKey.objects.of(workspace)}
    message = canonical_json(document["statement"])
    return {
        str(pems[each["kid"]].purpose)
        for each in document["signatures"]
        if services.verify(pems[each["kid"]].public_pem, message, each["value"])
    }


def test_it_is_signed_by_the_root_key_alone(host_app):
    document = listed(host_app)
    assert signers(document, host_app.workspace) == {"root"}
    assert {key["purpose"] for key in document["statement"]["keys"]} == {"package", "freshness", "root"}


def test_its_version_grows_with_the_keys_and_the_freshness_names_it(host_app):
    first = listed(host_app)["statement"]["version"]
    services.rotate_key(actor=system(host_app.workspace), purpose="package")
    document = selectors.manifest(host_app.pk)[2]
    assert document["keys"]["statement"]["version"] == document["statement"]["keys"] == first + 1


def test_a_revoked_key_is_gone_from_it_at_once(host_app):
    kid = services.sign(workspace=host_app.workspace, purpose="package", message=b"m").kid
    services.revoke_key(actor=system(host_app.workspace), kid=kid)
    assert kid not in {key["kid"] for key in listed(host_app)["statement"]["keys"]}


def test_after_a_rotation_of_the_root_both_sign(host_app):
    """An app with the old root built in goes on; after a revocation it needs a new build."""
    old = listed(host_app)["signatures"]
    services.rotate_key(actor=system(host_app.workspace), purpose="root")
    both = listed(host_app)["signatures"]
    assert {each["kid"] for each in old} < {each["kid"] for each in both}
    services.revoke_key(actor=system(host_app.workspace), kid=old[0]["kid"])
    left = listed(host_app)["signatures"]
    assert [each["kid"] for each in left] == [each["kid"] for each in both if each["kid"] != old[0]["kid"]]


def test_it_is_signed_again_before_it_runs_out_and_stays_the_same_list(host_app):
    before = listed(host_app)["statement"]
    with clock.frozen(clock.now() + timedelta(hours=1)):
        freshness.refresh()
        assert listed(host_app)["statement"] == before  # not at every renewal
    with clock.frozen(clock.now() + timedelta(days=2)):
        freshness.refresh()
        after = listed(host_app)["statement"]
    assert after["expires_at"] > before["expires_at"]
    assert {**after, "issued_at": 0, "expires_at": 0} == {**before, "issued_at": 0, "expires_at": 0}


def test_all_host_apps_of_a_workspace_have_one_list(host_app):
    other = make_host_app(host_app.workspace, "Second")
    assert listed(other) == listed(host_app)
    stranger = make_host_app(make_workspace("Elsewhere"))
    assert listed(stranger) != listed(host_app)


def test_without_a_root_key_there_is_none(workspace):
    SigningKey.objects.of(workspace).filter(purpose="root").delete()
    assert keysets.current(workspace) is None
