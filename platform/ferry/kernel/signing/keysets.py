"""The list of keys that a phone believes: {"statement", "signatures"}, signed by the workspace's root keys.

A phone has nothing but the root key built in. Which keys sign packages and freshness it learns from this list, so a
mirror can neither add a key of its own nor bring back one that was revoked (docs/decisions/0624). The root key signs
when the keys change, and once a day so that the list does not run out; every other signature is by keys that it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferry.kernel import clock, secrets
from ferry.kernel.signing import ecdsa, selectors
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.models import KeySet, Purpose, SigningKey

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

VALID_MS = 30 * 24 * 3600 * 1000  # how long a mirror could hide a revocation from phones whose freshness key leaked too
RENEW_MS = 24 * 3600 * 1000
SEAL = "signing-key"


def current(workspace: Workspace) -> dict[str, Any] | None:
    """The signed list as the keys are now; None while the workspace has no root key.

    Two callers at once: one statement is stored, and both give that one.
    """
    keys = [
        {"alg": row.alg, "kid": row.kid, "pem": row.public_pem, "purpose": str(row.purpose)}
        for row in selectors.public_keys(workspace)
    ]
    held = KeySet.objects.of(workspace).first()
    now = clock.now_ms()
    if held is not None and held.statement["keys"] == keys and now < held.signed_at + RENEW_MS:
        return _document(held)
    if not any(key["purpose"] == Purpose.ROOT for key in keys):
        return None
    version = 1 if held is None else held.version + (held.statement["keys"] != keys)
    statement = {"version": version, "issued_at": now, "expires_at": now + VALID_MS, "keys": keys}
    made = {"version": version, "statement": statement, "signatures": _signatures(workspace, statement)}
    if held is None:
        KeySet.objects.insert([KeySet(workspace=workspace, signed_at=now, **made)], ignore_conflicts=True)
    else:
        same = KeySet.objects.of(workspace).filter(version=held.version, signed_at=held.signed_at)
        same.update(signed_at=now, **made)
    return _document(KeySet.objects.of(workspace).get())


def _signatures(workspace: Workspace, statement: dict[str, Any]) -> list[dict[str, str]]:
    """By every root key that counts: phones that have the old one built in follow a rotation."""
    message = canonical_json(statement)
    roots = SigningKey.objects.of(workspace).filter(purpose=Purpose.ROOT, revoked_at=None).order_by("id")
    return [
        {"alg": row.alg, "kid": row.kid, "value": ecdsa.sign(secrets.unseal(row.sealed_private, purpose=SEAL), message)}
        for row in roots
    ]


def _document(held: KeySet) -> dict[str, Any]:
    return {"statement": held.statement, "signatures": held.signatures}
