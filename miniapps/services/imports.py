"""Imports: a version that another installation exported becomes a version here, byte for byte, with its evidence.

Everything is checked before anything is written: the form of the file, the signature by a key that this workspace
trusts, each approval, and the package itself by the very intake that an upload meets. Then one transaction writes the
mini-program, the version, where it came from, and the approvals that the trust lets count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import Publication, publishing_workspace
from ferry.kernel.signing import ecdsa
from ferry.kernel.signing.services import sign
from miniapps import workshop
from miniapps.carrying import exports, files
from miniapps.carrying.exports import Approval, Export
from miniapps.carrying.files import Damaged, Opened
from miniapps.errors import (
    AlreadyImported,
    ExporterNotTrusted,
    ExportRefused,
    HostRangeMisses,
    VersionExists,
    WrongWorkspace,
)
from miniapps.models import ImportedVersion, MiniProgram, Review, ReviewState, TrustedExporter, Version
from miniapps.packages.guard import Limits
from miniapps.services.grants import ask_with_version
from miniapps.services.programs import create_program, store_icons
from miniapps.services.reviews import check_range
from miniapps.services.terms import settle_version
from miniapps.services.versions import Upload, add_version, read_upload
from miniapps.statement import package_statement

MAX_FILE_BYTES = Limits().total + (16 << 20)
_OUTER = Limits(archive=MAX_FILE_BYTES, total=MAX_FILE_BYTES, file=Limits().total, entries=8)
_INNER = Limits(archive=Limits().total)
_ICON_BYTES = 2 << 20

REASONS: dict[str, str | Promise] = {
    "zip": gettext_lazy("it is damaged, or no export of Ferry. Copy it again."),
    "not_canonical": gettext_lazy("it was changed after it was signed."),
    "missing": gettext_lazy("a part of it is missing."),
    "extra": gettext_lazy("it holds something that is not signed."),
    "too_large": gettext_lazy("a part of it is larger than an export may hold."),
    "content": gettext_lazy("a file in it is not the one that was signed."),
    "format": gettext_lazy("it has a form that this release does not know. Update Ferry here, or export it again."),
    "key": gettext_lazy("it names no usable key."),
    "signature": gettext_lazy("its signature does not hold."),
    "approval": gettext_lazy("the signature of an approval in it does not hold."),
    "own_work": gettext_lazy("somebody approved his own work in it."),
    "package": gettext_lazy("its package is not in the canonical form."),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """An export that is whole and signed by the key with this fingerprint. Whether that key is trusted is apart."""

    export: Export
    opened: Opened
    public_pem: str
    fingerprint: str
    file_sha256: str
    exporter: TrustedExporter | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made: the version, where it came from, and the approvals that count here."""

    row: ImportedVersion
    approvals: tuple[Review, ...]


def inspect_export(*, actor: Actor, file: BinaryIO) -> Reading:
    """What is in an export, with nothing stored: its fingerprint is compared before it is trusted.

    Raises ExportRefused.
    """
    require(actor, Right.VIEW)
    try:
        opened = files.open_file(file, exports.NAME, _OUTER, workshop.temporary)
        export = exports.read(opened.value)
        pem = export.keys.get(opened.signature["kid"])
        if pem is None:
            raise Damaged("key")
        fingerprint = files.fingerprint(pem)
        if opened.signature["alg"] != "ES256" or not ecdsa.verify(pem, opened.document, opened.signature["value"]):
            raise Damaged("signature")
        exports.check_approvals(export)
        _check_files(opened, export)
    except Damaged as damaged:
        raise ExportRefused(reason=str(REASONS[damaged.reason])) from None
    trusted = TrustedExporter.objects.of(actor.workspace).filter(fingerprint=fingerprint, revoked_at=None).first()
    return Reading(export, opened, pem, fingerprint, opened.file_sha256, trusted)


def read_import(*, actor: Actor, file: BinaryIO) -> tuple[Reading, Upload]:
    """The long half of an import: everything but the rows. Holds no transaction and may be repeated.

    Raises ExportRefused, ExporterNotTrusted, WrongWorkspace, PackageRefused.
    """
    require(actor, Right.UPLOAD)
    reading = inspect_export(actor=actor, file=file)
    export = reading.export
    if reading.exporter is None:
        raise ExporterNotTrusted(fingerprint=reading.fingerprint, workspace=export.workspace.name)
    if reading.exporter.workspace_of_origin != export.workspace.id:
        raise WrongWorkspace(reason=_("its key is trusted for another workspace than the one that it names."))
    if export.recipient not in ("", actor.workspace.pk):
        raise WrongWorkspace(reason=_("its exporter made it out to another one."))
    program = _program(actor, export)
    with workshop.temporary() as package:
        for chunk in reading.opened.read(files.package_path(export.version.sha256)):
            package.write(chunk)
        upload = read_upload(
            actor=actor,
            program=program or MiniProgram(workspace=actor.workspace),
            archive=package,
            name=export.version.name,
            host_range=export.version.host_range,
            limits=_INNER,
        )
    _check_same(upload, export)
    icon = export.program.icon
    if icon is not None and (program is None or not program.icons):
        picture = b"".join(reading.opened.read(files.icon_path(icon)))
        upload = replace(upload, icons=store_icons(picture))
    return reading, upload


def add_import(*, actor: Actor, reading: Reading, upload: Upload) -> Imported:
    """The short half: one transaction, which asks once more whether the exporter is trusted, and with what.

    Raises ExporterNotTrusted, AlreadyImported, and VersionExists where a newer version is here.
    """
    require(actor, Right.UPLOAD)
    export = reading.export
    with publishing_workspace(actor.workspace) as publications:
        trusted = TrustedExporter.objects.of(actor.workspace).select_for_update(no_key=True).filter(revoked_at=None)
        exporter = trusted.filter(pk=reading.exporter.pk).first() if reading.exporter is not None else None
        if exporter is None:
            raise ExporterNotTrusted(fingerprint=reading.fingerprint, workspace=export.workspace.name)
        told = export.program
        known = _program(actor, export)
        if known is not None:
            _check_new(actor, known, export)
        program = known or create_program(
            actor=actor,
            name=told.name,
            program_id=told.id,
            description=told.description,
            category=told.category,
            order=told.order,
        )
        version = add_version(
            actor=actor,
            program=program,
            upload=upload,
            code=export.version.code,
            notes=export.version.notes,
        )
        row = ImportedVersion(
            workspace=actor.workspace,
            version=version,
            exporter=exporter,
            file_sha256=reading.file_sha256,
            document=reading.opened.document.decode(),
            signature=reading.opened.signature,
            authors=sorted(map(_clean, export.authors())),
            imported_by=actor.person_id,
            imported_by_name=actor.name[:150],
        )
        row.save(force_insert=True)
        wanted = {publication.host_app.pk: publication for publication in publications}
        counted = [
            review
            for approval in export.approvals
            if (publication := wanted.get(exporter.approvals.get(approval.host_app.app_key, ""))) is not None
            if (review := _count(actor, publication, version, approval, exporter)) is not None
        ]
        record(
            actor=actor,
            action="version.imported",
            target=version,
            after={
                "file": reading.file_sha256,
                "workspace": export.workspace.id,
                "fingerprint": reading.fingerprint,
                "serial": export.serial,
                "counted": [review.host_app_id for review in counted],
            },
        )
    return Imported(row, tuple(counted))


def _count(
    actor: Actor, publication: Publication, version: Version, approval: Approval, exporter: TrustedExporter
) -> Review | None:
    """Let an approval from there count here, signed by this workspace's own key; None where nobody could open it.

    The reviewer there decided, and whoever trusted the exporter let that count: not the person who imports. What the
    version asks for waits here for somebody who grants it.
    """
    host_app: HostApp = publication.host_app
    open_states = [ReviewState.SUBMITTED, ReviewState.APPROVED]
    reviews = Review.objects.of(actor.workspace).filter(version=version, host_app=host_app, state__in=open_states)
    try:
        check_range(version, host_app)
    except HostRangeMisses:
        return None
    if not host_app.active or reviews.exists():
        return None
    message = package_statement(host_app.app_key, version)
    review = Review.objects.create(
        workspace=actor.workspace,
        version=version,
        host_app=host_app,
        state=ReviewState.APPROVED,
        note=_clean(approval.note),
        submitted_by=actor.person_id,
        submitted_by_name=actor.name[:150],
        decided_by=f"exporter:{exporter.pk}",
        decided_by_name=_clean(f"{approval.decided_by.name} ({exporter.name})")[:150],
        decided_at=clock.now(),
        reason=_clean(approval.reason),
        signature=sign(workspace=actor.workspace, purpose="package", message=message).as_json(),
    )
    ask_with_version(actor=actor, version=version, host_app=host_app)
    settle_version(publication, version)
    told = {"host_app": host_app.pk, "review": review.pk, "exporter": exporter.pk, "there": approval.host_app.app_key}
    record(actor=actor, action="version.approval_counted", target=version, after=told)
    return review


def _clean(text: str) -> str:
    """Without what no database stores: the exporter's word is trusted, its form is not."""
    return text.replace("\0", "")


def _program(actor: Actor, export: Export) -> MiniProgram | None:
    return MiniProgram.objects.of(actor.workspace).filter(program_id=export.program.id).first()


def _check_new(actor: Actor, program: MiniProgram, export: Export) -> None:
    """Refuse what is here already, and what is older than what is here."""
    told = export.version
    versions = Version.objects.of(actor.workspace).filter(program=program).order_by("-code")
    if versions.filter(code=told.code, sha256=told.sha256).exists():
        raise AlreadyImported(version=f"{told.name} ({told.code})", program_id=program.program_id)
    newest = versions.values_list("code", flat=True).first() or 0
    if told.code <= newest:
        raise VersionExists(version_code=told.code, newest=newest)


def _check_files(opened: Opened, export: Export) -> None:
    """The package and the icon are the signed ones, and nothing lies beside them. Raises Damaged."""
    wanted = {files.package_path(export.version.sha256): export.version.sha256}
    if export.program.icon is not None:
        icon = files.icon_path(export.program.icon)
        wanted[icon] = export.program.icon
        if icon in opened.paths and opened.archive.entries[icon].size > _ICON_BYTES:
            raise Damaged("too_large")
    if opened.paths - set(wanted):
        raise Damaged("extra")
    for path, sha256 in wanted.items():
        opened.check(path, sha256)
    if opened.archive.entries[files.package_path(export.version.sha256)].size != export.version.size:
        raise Damaged("content")


def _check_same(upload: Upload, export: Export) -> None:
    """The package, read by the intake here, is what was signed there in all that devices are told of it."""
    package, draft, told = upload.package, upload.draft, export.version
    read = (package.sha256, package.size, package.files_root, draft.layout.kind, draft.entry)
    if read != (told.sha256, told.size, told.files_root, told.kind, told.entry):
        raise ExportRefused(reason=str(REASONS["package"]))
