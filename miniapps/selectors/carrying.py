"""Signed files, trusted exporters and imports of one workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from miniapps.models import Archive, ArchiveKind, ArchiveState, ImportedVersion, TrustedExporter, Version
from miniapps.selectors.rows import one

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace


def preset_bundles(host_app: HostApp) -> QuerySet[Archive]:
    """The preset bundles of a host app, newest first."""
    return _archives(host_app.workspace).filter(kind=ArchiveKind.PRESET, host_app=host_app).order_by("-id")


def exports(version: Version) -> QuerySet[Archive]:
    """The exports of a version, newest first."""
    return _archives(version.workspace).filter(kind=ArchiveKind.EXPORT, version=version).order_by("-id")


def archive(workspace: Workspace, archive_id: str) -> Archive:
    """One signed file. Raises NotFound."""
    rows = _archives(workspace).select_related("host_app", "version__program")
    return one(rows.defer("version__files", "version__report"), archive_id, "archive")


def _archives(workspace: Workspace) -> QuerySet[Archive]:
    return Archive.objects.of(workspace).exclude(state=ArchiveState.DELETED)


def file_name(archive: Archive) -> str:
    """What a downloaded file is called: safe in a header and on every disk."""
    about = (
        archive.host_app.app_key if archive.host_app else archive.version.program.program_id if archive.version else ""
    )
    code = f"-{archive.version.code}" if archive.version else ""
    return f"{archive.kind}-{about}{code}-{archive.serial}.zip"


def exporters(workspace: Workspace) -> QuerySet[TrustedExporter]:
    """Whose exports the workspace takes, newest first."""
    return TrustedExporter.objects.of(workspace).filter(revoked_at=None).order_by("-id")


def exporter(workspace: Workspace, exporter_id: str) -> TrustedExporter:
    """One of them. Raises NotFound."""
    return one(exporters(workspace), exporter_id, "trusted exporter")


def imports(workspace: Workspace) -> QuerySet[ImportedVersion]:
    """Versions that came from elsewhere, newest first, with where from."""
    rows = ImportedVersion.objects.of(workspace).select_related("version__program", "exporter")
    return rows.defer("version__files", "version__report").order_by("-id")


def imported(workspace: Workspace, import_id: str) -> ImportedVersion:
    """One of them. Raises NotFound."""
    return one(imports(workspace), import_id, "import")


def origin(version: Version) -> ImportedVersion | None:
    """Where a version came from; None for one that was uploaded here."""
    return imports(version.workspace).filter(version=version).first()
