"""Whose exports a workspace takes: another one's public key, which two people have compared by its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.ids import is_id
from ferry.kernel.signing.selectors import public_keys
from miniapps.carrying.files import Damaged, fingerprint
from miniapps.errors import AlreadyTrusted, FingerprintDiffers
from miniapps.models import TrustedExporter
from miniapps.services.scope import within

MOST_HOST_APPS = 50
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class ExportKey:
    """What the other side has to know to trust this workspace."""

    workspace: Workspace
    kid: str
    public_pem: str
    fingerprint: str


def export_key(*, actor: Actor) -> ExportKey:
    """The key that signs this workspace's exports now. Raises NotFound where there is none yet."""
    require(actor, Right.VIEW)
    key = public_keys(actor.workspace).filter(purpose="package", retired_at=None).get()
    return ExportKey(actor.workspace, key.kid, key.public_pem, fingerprint(key.public_pem))


def trust_exporter(
    *,
    actor: Actor,
    name: str,
    workspace_of_origin: str,
    public_pem: str,
    given_fingerprint: str,
    approvals: Mapping[str, str] | None = None,
) -> TrustedExporter:
    """Take exports that this key signs from now on. `given_fingerprint` is what the exporter says, not the file.

    `approvals` says for which host apps here its approvals count: app_key there → host app id here. Without it they
    are evidence, and somebody here approves. Raises FingerprintDiffers, AlreadyTrusted, Invalid, NotFound.
    """
    require(actor, Right.MANAGE_APPS)
    try:
        found = fingerprint(public_pem)
    except Damaged:
        raise Invalid(reason=_("the key is no P-256 public key in PEM.")) from None
    if found != given_fingerprint.replace(":", "").replace(" ", "").lower():
        raise FingerprintDiffers(fingerprint=found)
    if not is_id(workspace_of_origin):
        raise Invalid(reason=_("the workspace is named by its id."))
    exporter = TrustedExporter(
        workspace=actor.workspace,
        name=_named(name),
        workspace_of_origin=workspace_of_origin,
        public_pem=public_pem,
        fingerprint=found,
        approvals=_mapped(actor, approvals or {}),
        trusted_by=actor.person_id,
        trusted_by_name=actor.name[:150],
    )
    try:
        with transaction.atomic():
            exporter.save(force_insert=True)
            record(actor=actor, action="exporter.trusted", target=exporter, after=_told(exporter))
    except IntegrityError:
        raise AlreadyTrusted(fingerprint=found) from None
    return exporter


@transaction.atomic
def change_exporter(
    *, actor: Actor, exporter: TrustedExporter, name: str | None = None, approvals: Mapping[str, str] | None = None
) -> TrustedExporter:
    """Change its name, or for which host apps its approvals count from now on. What was imported stays as it is."""
    require(actor, Right.MANAGE_APPS)
    within(actor, exporter)
    row = TrustedExporter.objects.of(actor.workspace).select_for_update(no_key=True).get(pk=exporter.pk)
    before = _told(row)
    if name is not None:
        row.name = _named(name)
    if approvals is not None:
        row.approvals = _mapped(actor, approvals)
    row.save(update_fields=["name", "approvals"])
    record(actor=actor, action="exporter.changed", target=row, before=before, after=_told(row))
    return row


@transaction.atomic
def revoke_exporter(*, actor: Actor, exporter: TrustedExporter) -> None:
    """Take nothing from it any more. Versions that came from it stay, and keep saying where they came from."""
    require(actor, Right.MANAGE_APPS)
    within(actor, exporter)
    rows = TrustedExporter.objects.of(actor.workspace).filter(pk=exporter.pk, revoked_at=None)
    if rows.update(revoked_at=clock.now()):
        record(actor=actor, action="exporter.revoked", target=exporter, before=_told(exporter))


def _named(name: str) -> str:
    text = name.strip()
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise Invalid(reason=_("a name has 1 to {limit} printable characters.").format(limit=_LONGEST_NAME))
    return text


def _mapped(actor: Actor, approvals: Mapping[str, str]) -> dict[str, str]:
    if len(approvals) > MOST_HOST_APPS:
        raise Invalid(reason=_("at most {count} host apps.").format(count=MOST_HOST_APPS))
    return {app_key: identity.host_app(actor.workspace, here).pk for app_key, here in approvals.items()}


def _told(exporter: TrustedExporter) -> dict[str, object]:
    return {"name": exporter.name, "fingerprint": exporter.fingerprint, "approvals": exporter.approvals}
