"""Terms with a signature that devices trust, as a publication sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferry.kernel.signing.selectors import public_keys
from ferry.kernel.signing.services import sign
from miniapps.models import Terms, Version
from miniapps.terms import terms_statement

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

Sent = dict[str, Any]  # {"terms": {"serial": …, …}, "terms_signature": {"alg", "kid", "value"}}


def sign_terms(host_app: HostApp, version: Version, numbered: Mapping[str, Any]) -> dict[str, str]:
    """The signature of terms that have their serial, with the package key in use."""
    message = terms_statement(host_app.app_key, version.program.program_id, version.code, numbered)
    return sign(workspace=host_app.workspace, purpose="package", message=message).as_json()


def sent_terms(host_app: HostApp, versions: Mapping[str, Version]) -> dict[str, Sent]:
    """Version id → the two members of its update entry. Terms whose key was revoked since are signed again."""
    rows = Terms.objects.of(host_app.workspace).filter(host_app=host_app, version_id__in=versions)
    trusted = set(public_keys(host_app.workspace).values_list("kid", flat=True))
    found: dict[str, Sent] = {}
    for row in rows:
        numbered = row.numbered
        signature = row.signature
        if signature["kid"] not in trusted:
            signature = sign_terms(host_app, versions[row.version_id], numbered)
        found[row.version_id] = {"terms": numbered, "terms_signature": signature}
    return found
