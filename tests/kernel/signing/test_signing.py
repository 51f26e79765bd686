"""Signatures that a phone can check with nothing but the snapshot's keys, through every rotation."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from ferry.kernel.audit.models import AuditEntry
from ferry.kernel.errors import NotAllowed, NotFound
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.publishing import registry, selectors, verification
from ferry.kernel.publishing.registry import PartBody
from ferry.kernel.publishing.services import publishing
from ferry.kernel.signing import ecdsa, services
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.errors import NoSigningKey
from ferry.kernel.signing.models import SigningKey
from ferry.kernel.signing.services import ensure_keys, revoke_key, rotate_key, sign, verify
from tests.kernel.publishing.harbour import make_host_app, make_workspace, part_of, version_of

STATEMENT = canonical_json({"program": "2018080616290001", "version_code": 13})
PUBLIC, PRIVATE = ecdsa.new_pair()


def known_keys(app) -> dict[str, dict[str, str]]:
    return {key["kid"]: key for key in json.loads(part_of(app, "keys:"))["keys"]}


def holds(app, signature: services.Signature, message: bytes = STATEMENT) -> bool:
    """What a phone does: find the key that the signature names, and check."""
    key = known_keys(app).get(signature.kid)
    return key is not None and key["alg"] == signature.alg and verify(key["pem"], message, signature.value)


@given(st.binary(max_size=500), st.binary(max_size=500))
def test_a_signature_holds_for_its_message_alone(message, other):
    value = ecdsa.sign(PRIVATE, message)
    assert verify(PUBLIC, message, value)
    assert verify(PUBLIC, other, value) == (message == other)


@given(st.binary(max_size=200))
def test_the_same_message_gives_the_same_signature(message):
    """Else a snapshot that is built again would differ from itself."""
    assert ecdsa.sign(PRIVATE, message) == ecdsa.sign(PRIVATE, message)


@given(st.text(max_size=200))
def test_nonsense_is_no_signature(text):
    assert not verify(PUBLIC, b"message", text)


def test_openssl_agrees(tmp_path):
    """Base64 of DER, SubjectPublicKeyInfo in PEM: what every platform's own library reads."""
    (tmp_path / "key.pem").write_text(PUBLIC)
    (tmp_path / "signature").write_bytes(base64.b64decode(ecdsa.sign(PRIVATE, b"message")))
    (tmp_path / "message").write_bytes(b"message")
    try:
        told = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert told.stdout.strip() == "Verified OK"


def test_a_workspace_signs_from_its_first_day(host_app):
    signature = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT)
    assert signature.alg == "ES256"
    assert holds(host_app, signature)
    assert not holds(host_app, signature, STATEMENT + b" ")


def test_no_private_key_enters_a_snapshot(host_app):
    _, manifest, freshness = selectors.manifest(host_app.pk)
    everything = b"".join(selectors.parts(entry["sha"] for entry in manifest.values()).values())
    everything += json.dumps(freshness).encode()
    assert b"PRIVATE" not in everything
    for key in SigningKey.objects.of(host_app.workspace):
        assert key.sealed_private.encode() not in everything
        assert "PRIVATE" not in key.sealed_private


def test_purposes_have_keys_apart(host_app):
    package, fresh = (
        sign(workspace=host_app.workspace, purpose=each, message=b"m") for each in ("package", "freshness")
    )
    assert package.kid != fresh.kid
    assert {key["purpose"] for key in known_keys(host_app).values()} == {"package", "freshness", "root"}


def test_after_a_rotation_old_and_new_signatures_hold(host_app):
    old = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT)
    rotate_key(actor=system(host_app.workspace), purpose="package")
    new = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT)
    assert new.kid != old.kid
    assert holds(host_app, old)
    assert holds(host_app, new)
    assert version_of(host_app) == 2
    assert verification.verify_snapshots() == []


def test_a_revoked_key_counts_no_more(host_app):
    leaked = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT)
    revoke_key(actor=system(host_app.workspace), kid=leaked.kid)
    assert not holds(host_app, leaked)
    assert holds(host_app, sign(workspace=host_app.workspace, purpose="package", message=STATEMENT))


def test_a_key_is_revoked_once(host_app):
    kid = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT).kid
    for _ in range(2):
        revoke_key(actor=system(host_app.workspace), kid=kid)
    told = [entry.action for entry in AuditEntry.objects.of(host_app.workspace)]
    assert told.count("signing_key.revoked") == told.count("signing_key.rotated") == 1


def test_what_a_revoked_key_signed_is_signed_again_in_the_same_moment(host_app, monkeypatch):
    def build(app, key: str) -> PartBody:
        return PartBody(sign(workspace=app.workspace, purpose="package", message=STATEMENT).as_json())

    monkeypatch.setitem(registry.KINDS, "signed", registry.Kind(build=build, keys=lambda app: ["a"]))
    with publishing(host_app) as publication:
        publication.changed("signed", "a")
    leaked = json.loads(part_of(host_app, "signed:a"))["kid"]
    revoke_key(actor=system(host_app.workspace), kid=leaked)
    assert holds(host_app, services.Signature(**json.loads(part_of(host_app, "signed:a"))))
    assert verification.verify_snapshots() == []


def test_rotation_needs_the_right_and_leaves_a_trace(host_app):
    nobody = Actor(host_app.workspace, "member", "m", "Mallory", frozenset(), "p")
    with pytest.raises(NotAllowed):
        rotate_key(actor=nobody, purpose="package")
    with pytest.raises(NotAllowed):
        revoke_key(actor=nobody, kid="k")
    rotate_key(actor=system(host_app.workspace), purpose="package")
    assert AuditEntry.objects.of(host_app.workspace).filter(action="signing_key.rotated").count() == 1


def test_a_stranger_cannot_revoke_our_key(host_app):
    ours = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT)
    with pytest.raises(NotFound):
        revoke_key(actor=system(make_workspace("Elsewhere")), kid=ours.kid)
    assert holds(host_app, ours)


def test_without_a_key_it_says_what_to_do(workspace):
    SigningKey.objects.of(workspace).delete()
    with pytest.raises(NoSigningKey, match="ensure_keys"):
        sign(workspace=workspace, purpose="package", message=b"m")
    ensure_keys(workspace)
    assert sign(workspace=workspace, purpose="package", message=b"m")


@pytest.mark.django_db(transaction=True)
def test_asked_for_at_once_there_is_one_key_per_purpose():
    place = make_workspace()
    app = make_host_app(place)
    SigningKey.objects.of(place).delete()
    barrier = threading.Barrier(3)

    def ask() -> None:
        barrier.wait(10)
        ensure_keys(place)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(key["purpose"] for key in known_keys(app).values()) == ["freshness", "package", "root"]


class TestCommand:
    def run(self, *args: str) -> list[dict[str, object]]:
        out = StringIO()
        call_command("rotate_signing_key", *args, stdout=out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def test_it_tells_which_keys_count_and_which_sign(self, host_app):
        old = sign(workspace=host_app.workspace, purpose="package", message=STATEMENT)
        told = self.run("--workspace", host_app.workspace.slug, "--purpose", "package")
        assert {"kid": old.kid, "purpose": "package", "signs": False} in told
        assert sorted(key["purpose"] for key in told if key["signs"]) == ["freshness", "package", "root"]
        told = self.run("--workspace", host_app.workspace.slug, "--revoke", old.kid)
        assert old.kid not in {key["kid"] for key in told}
        assert not holds(host_app, old)

    @pytest.mark.parametrize("args", [["--workspace", "nowhere", "--purpose", "package"], ["--revoke", "k0"]])
    def test_a_wrong_name_is_refused_in_words(self, host_app, args):
        with pytest.raises(CommandError, match="no"):
            self.run(*(args if "--workspace" in args else ["--workspace", host_app.workspace.slug, *args]))
