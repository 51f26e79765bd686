"""Signing keys of a workspace: made, used, rotated. The private half leaves its seal only inside `sign`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ferry.kernel import clock, secrets
from ferry.kernel.audit import services as audit
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing_workspace
from ferry.kernel.signing import ecdsa
from ferry.kernel.signing.ecdsa import verify
from ferry.kernel.signing.errors import NoSigningKey
from ferry.kernel.signing.keysets import SEAL
from ferry.kernel.signing.models import Purpose, SigningKey

__all__ = ["Signature", "ensure_keys", "revoke_key", "rotate_key", "sign", "verify"]

PART = "keys"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it travels: the algorithm, the key's id, base64 of the DER form."""

    alg: str
    kid: str
    value: str

    def as_json(self) -> dict[str, str]:
        """The three fields as every answer of the edge shows them."""
        return asdict(self)


def ensure_keys(workspace: Workspace) -> None:
    """Give the workspace a signing key for every purpose that has none. Called when it is made; safe to repeat."""
    if not _missing(workspace):
        return
    with publishing_workspace(workspace) as publications:
        for purpose in _missing(workspace):
            _make(workspace, purpose)
        publications.changed(PART)


def sign(*, workspace: Workspace, purpose: str, message: bytes) -> Signature:
    """Sign with the workspace's active key for `purpose`; equal messages give equal signatures until a rotation."""
    key = SigningKey.objects.of(workspace).filter(purpose=purpose, retired_at=None).first()
    if key is None:
        raise NoSigningKey(purpose=purpose)
    private = secrets.unseal(key.sealed_private, purpose=SEAL)
    return Signature(alg=key.alg, kid=key.kid, value=ecdsa.sign(private, message))


def rotate_key(*, actor: Actor, purpose: str) -> SigningKey:
    """Sign with a new key from now on. The old one stays known to phones, for what it signed."""
    require(actor, Right.MANAGE_APPS)
    with publishing_workspace(actor.workspace) as publications:
        SigningKey.objects.of(actor.workspace).filter(purpose=purpose, retired_at=None).update(retired_at=clock.now())
        key = _make(actor.workspace, purpose)
        publications.changed(PART)
        audit.record(actor=actor, action="signing_key.rotated", target=key, after={"kid": key.kid, "purpose": purpose})
    return key


def revoke_key(*, actor: Actor, kid: str) -> None:
    """Withdraw a key that may have leaked: phones that see the next snapshot no longer trust what it signed.

    A key that still signs is replaced first. Everything is built anew, so that what it signed is signed again.
    """
    require(actor, Right.MANAGE_APPS)
    with publishing_workspace(actor.workspace) as publications:
        keys = SigningKey.objects.of(actor.workspace)
        key = keys.filter(kid=kid).first()
        if key is None:
            raise NotFound(kind="signing key")
        if key.revoked_at is not None:
            return
        if key.retired_at is None:
            rotate_key(actor=actor, purpose=key.purpose)
        keys.filter(kid=kid).update(revoked_at=clock.now())
        publications.everything()
        audit.record(actor=actor, action="signing_key.revoked", target=key, before={"kid": kid})


def _missing(workspace: Workspace) -> list[str]:
    there = SigningKey.objects.of(workspace).filter(retired_at=None).values_list("purpose", flat=True)
    return sorted(set(Purpose.values) - set(there))


def _make(workspace: Workspace, purpose: str) -> SigningKey:
    public, private = ecdsa.new_pair()
    sealed = secrets.seal(private, purpose=SEAL)
    return SigningKey.objects.create(
        workspace=workspace, purpose=Purpose(purpose), public_pem=public, sealed_private=sealed
    )
