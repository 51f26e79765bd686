"""Exports: a version leaves the installation with its approvals, to be taken in where no network reaches."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ferry.kernel import storage
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from ferry.kernel.ids import is_id
from ferry.kernel.signing.selectors import public_keys
from ferry.kernel.signing.services import sign
from miniapps.carrying import exports, files
from miniapps.models import Archive, ArchiveKind, Review, ReviewState, Terms, Version
from miniapps.services.archive_rows import ask
from miniapps.services.drafts import Draft
from miniapps.services.scope import within
from miniapps.statement import package_statement

ICON = "512"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST_ENTRIES = 500  # of the audit log, the newest


def ask_for_export(*, actor: Actor, version: Version, recipient: str = "") -> Archive:
    """Ask for the version as a file, with every approval that it has now. `archives` makes it.

    With a `recipient`, the id of a workspace elsewhere, only that one takes it in.
    """
    require(actor, Right.RELEASE)
    within(actor, version)
    if recipient and not is_id(recipient):
        raise Invalid(reason=_("the recipient is the id of a workspace; GET /api/v1/me says it there."))
    approved = _approvals(version).values_list("pk", flat=True)
    choice = {"recipient": recipient, "approvals": list(approved), "bytes": version.size}
    archive = Archive(workspace=actor.workspace, kind=ArchiveKind.EXPORT, version=version, choice=choice)
    told = {"version": version.pk, "sha256": version.sha256, "recipient": recipient}
    return ask(actor, archive, after=told)


def draft(archive: Archive) -> Draft:
    """The export of this row, with the approvals that there were when it was asked for."""
    version = Version.objects.of(archive.workspace).select_related("program").get(pk=archive.version_id)
    program = version.program
    icon = program.icons.get(ICON)
    stored = {files.package_path(version.sha256): version.sha256}
    if icon and storage.blobs().exists(icon):
        stored[files.icon_path(icon)] = icon
    approvals = [_approval(review) for review in _approvals(version).filter(pk__in=archive.choice["approvals"])]
    keys = public_keys(archive.workspace).filter(purpose="package")
    document = {
        "format": exports.FORMAT,
        "serial": archive.serial,
        "created_at": archive.created_at.strftime(_TIME),
        "workspace": {"id": archive.workspace.pk, "name": archive.workspace.name},
        "recipient": archive.choice["recipient"],
        "program": {
            "id": program.program_id,
            "name": program.name,
            "description": program.description,
            "category": program.category,
            "order": program.order,
            "icon": icon if len(stored) > 1 else None,
        },
        "version": {
            "code": version.code,
            "name": version.name,
            "kind": version.kind,
            "sha256": version.sha256,
            "size": version.size,
            "files_root": version.files_root,
            "entry": version.entry,
            "host_range": version.host_range,
            "min_runtime": version.min_runtime,
            "notes": version.notes,
            "uploaded_by": {"id": version.uploaded_by, "name": version.uploaded_by_name},
            "uploaded_at": version.created_at.strftime(_TIME),
        },
        "approvals": approvals,
        "keys": dict(keys.values_list("kid", "public_pem")),
        "audit": _audit(version, archive),
    }
    return Draft(archive.workspace, exports.NAME, document, stored)


def _approvals(version: Version) -> Any:
    rows = Review.objects.of(version.workspace).filter(version=version, state=ReviewState.APPROVED)
    return rows.select_related("host_app", "version", "version__program").order_by("id")


def _approval(review: Review) -> dict[str, Any]:
    """One approval. A signature by a key that was revoked since is made again, as devices get it."""
    signature = review.signature
    trusted = public_keys(review.workspace).values_list("kid", flat=True)
    if signature is None or signature["kid"] not in trusted:
        message = package_statement(review.host_app.app_key, review.version)
        signature = sign(workspace=review.workspace, purpose="package", message=message).as_json()
    terms = Terms.objects.of(review.workspace).filter(host_app=review.host_app, version=review.version).first()
    return {
        "host_app": {
            "app_key": review.host_app.app_key,
            "name": review.host_app.name,
            "environment": review.host_app.environment,
        },
        "submitted_by": {"id": review.submitted_by, "name": review.submitted_by_name},
        "submitted_at": review.created_at.strftime(_TIME),
        "note": review.note,
        "decided_by": {"id": review.decided_by, "name": review.decided_by_name},
        "decided_at": review.decided_at.strftime(_TIME) if review.decided_at else "",
        "reason": review.reason,
        "signature": signature,
        "terms": None if terms is None else terms.numbered,
    }


def _audit(version: Version, archive: Archive) -> list[dict[str, Any]]:
    """What the log tells of the version up to the moment of asking, oldest first."""
    rows = audit.entries(archive.workspace, target_kind="version", target_id=version.pk)
    return [
        {
            "number": entry.number,
            "at": entry.created_at.strftime(_TIME),
            "actor": entry.actor_name,
            "action": entry.action,
            "before": entry.before,
            "after": entry.after,
            "previous": entry.previous,
            "hash": entry.hash,
        }
        for entry in reversed(rows.filter(created_at__lte=archive.created_at)[:_MOST_ENTRIES])
    ]
