"""The management API of preset bundles, exports, trusted exporters and imports: doors only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.errors import NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from ferry.kernel.storage import blobs
from ferry.kernel.storage.base import BlobMissing, chunks
from miniapps import carry_serializers as forms
from miniapps import parsers, selectors, services
from miniapps.carrying.presets import Place
from miniapps.errors import ArchiveNotMade
from miniapps.models import Archive, ArchiveState
from miniapps.parsers import EXPORT_PARSERS

ARCHIVES = page_schema(forms.ArchiveSerializer)
EXPORT_BODY = {"application/zip": OpenApiTypes.BINARY}


class ZipRenderer(BaseRenderer):
    """Lets a client ask for application/zip; what is rendered here is a refusal, and that is JSON."""

    media_type = "application/zip"
    format = "zip"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return json.dumps(data).encode()


def _bytes(sha256: str) -> Iterator[bytes]:
    with blobs().open(sha256) as file:  # not before somebody reads: an answer that nobody reads leaves nothing open
        yield from chunks(file)


def download(archive: Archive) -> StreamingHttpResponse:
    """The bytes of a file that is made. Raises ArchiveNotMade, BlobMissing."""
    if archive.state != ArchiveState.MADE:
        raise ArchiveNotMade(state=str(ArchiveState(archive.state).label))
    if not blobs().exists(archive.sha256):
        raise BlobMissing(sha256=archive.sha256)
    response = StreamingHttpResponse(_bytes(archive.sha256), content_type="application/zip")
    response["Content-Length"] = str(archive.size)
    response["Content-Disposition"] = f'attachment; filename="{selectors.file_name(archive)}"'
    response["ETag"] = f'"{archive.sha256}"'
    return response


class PresetBundlesView(WorkspaceView):
    """The preset bundles of a host app."""

    rights = {"get": Right.VIEW, "post": Right.RELEASE}
    idempotent_inside = True

    @extend_schema(summary="List preset bundles", responses=ARCHIVES)
    def get(self, request: Request, host_app_id: str) -> Response:
        host_app = identity.host_app(self.workspace, host_app_id)
        return self.page(selectors.preset_bundles(host_app), forms.ArchiveSerializer)

    @extend_schema(
        summary="Make a preset bundle",
        description="A signed file of mini-programs for building into the host app. A large one is made by a worker.",
        request=forms.PresetInput,
        responses={201: forms.ArchiveSerializer},
    )
    def post(self, request: Request, host_app_id: str) -> Response:
        values = self.parse(forms.PresetInput)
        host_app = identity.host_app(self.workspace, host_app_id)
        wishes = [services.Wish(one["id"], one["code"]) for one in values["programs"]]
        place = Place(values["platform"], values["host_version"])

        def ask() -> Response:
            archive = services.ask_for_preset(actor=self.actor, host_app=host_app, wishes=wishes, place=place)
            return _asked(archive)

        return _made(self, ask)


class ExportsView(WorkspaceView):
    """The exports of a version."""

    rights = {"get": Right.VIEW, "post": Right.RELEASE}
    idempotent_inside = True

    @extend_schema(summary="List exports", responses=ARCHIVES)
    def get(self, request: Request, version_id: str) -> Response:
        version = selectors.version(self.workspace, version_id)
        return self.page(selectors.exports(version), forms.ArchiveSerializer)

    @extend_schema(
        summary="Export a version with its approvals",
        request=forms.ExportInput,
        responses={201: forms.ArchiveSerializer},
    )
    def post(self, request: Request, version_id: str) -> Response:
        values = self.parse(forms.ExportInput)
        version = selectors.version(self.workspace, version_id)
        return _made(self, lambda: _asked(services.ask_for_export(actor=self.actor, version=version, **values)))


class ArchiveView(WorkspaceView):
    """One signed file."""

    rights = {"get": Right.VIEW, "delete": Right.RELEASE}

    @extend_schema(summary="Show how a signed file stands", responses=forms.ArchiveSerializer)
    def get(self, request: Request, archive_id: str) -> Response:
        return Response(forms.ArchiveSerializer(selectors.archive(self.workspace, archive_id)).data)

    @extend_schema(
        summary="Delete a signed file",
        description="Or the order for one that is not made yet. Its serial is not given again.",
        responses={204: None},
    )
    def delete(self, request: Request, archive_id: str) -> Response:
        services.delete_archive(actor=self.actor, archive=selectors.archive(self.workspace, archive_id))
        return Response(status=204)


class ArchiveFileView(WorkspaceView):
    """Its bytes."""

    rights = {"get": Right.RELEASE}
    renderer_classes = (JSONRenderer, ZipRenderer)  # type: ignore[assignment]

    @extend_schema(summary="Fetch a signed file", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, archive_id: str) -> StreamingHttpResponse:
        return download(selectors.archive(self.workspace, archive_id))


class ExportKeyView(WorkspaceView):
    """What another installation has to know to trust this workspace."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show the key that signs exports", responses=forms.ExportKeySerializer)
    def get(self, request: Request) -> Response:
        return Response(forms.ExportKeySerializer(services.export_key(actor=self.actor)).data)


class ExportersView(WorkspaceView):
    """Whose exports this workspace takes."""

    rights = {"get": Right.VIEW, "post": Right.MANAGE_APPS}

    @extend_schema(summary="List trusted exporters", responses=page_schema(forms.ExporterSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.exporters(self.workspace), forms.ExporterSerializer)

    @extend_schema(summary="Trust an exporter", request=forms.ExporterInput, responses={201: forms.ExporterSerializer})
    def post(self, request: Request) -> Response:
        values = self.parse(forms.ExporterInput)
        exporter = services.trust_exporter(actor=self.actor, given_fingerprint=values.pop("fingerprint"), **values)
        data = forms.ExporterSerializer(exporter).data
        return created(data, location=f"/api/v1/trusted-exporters/{exporter.pk}")


class ExporterView(WorkspaceView):
    """One trusted exporter."""

    rights = {"get": Right.VIEW, "patch": Right.MANAGE_APPS, "delete": Right.MANAGE_APPS}

    @extend_schema(summary="Show a trusted exporter", responses=forms.ExporterSerializer)
    def get(self, request: Request, exporter_id: str) -> Response:
        return Response(forms.ExporterSerializer(selectors.exporter(self.workspace, exporter_id)).data)

    @extend_schema(
        summary="Change what an exporter's approvals count for",
        request=forms.ExporterChange,
        responses=forms.ExporterSerializer,
    )
    def patch(self, request: Request, exporter_id: str) -> Response:
        exporter = selectors.exporter(self.workspace, exporter_id)
        exporter = services.change_exporter(actor=self.actor, exporter=exporter, **self.parse(forms.ExporterChange))
        return Response(forms.ExporterSerializer(exporter).data)

    @extend_schema(summary="Trust an exporter no more", responses={204: None})
    def delete(self, request: Request, exporter_id: str) -> Response:
        services.revoke_exporter(actor=self.actor, exporter=selectors.exporter(self.workspace, exporter_id))
        return Response(status=204)


class ImportsView(WorkspaceView):
    """Versions that came from another installation."""

    rights = {"get": Right.VIEW, "post": Right.UPLOAD}
    parser_classes = EXPORT_PARSERS  # type: ignore[assignment]
    idempotent_inside = True

    @extend_schema(summary="List imports", responses=page_schema(forms.ImportSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.imports(self.workspace), forms.ImportSerializer)

    @extend_schema(
        summary="Import a version",
        description="The export file as the body. Its key must be trusted first.",
        request=EXPORT_BODY,
        responses={201: forms.ImportMadeSerializer},
    )
    def post(self, request: Request) -> Response:
        parsers.check_length(request, services.MAX_FILE_BYTES)
        with parsers.uploaded(request) as (file, _):
            reading, upload = services.read_import(actor=self.actor, file=file)

            def write() -> Response:
                made = services.add_import(actor=self.actor, reading=reading, upload=upload)
                return created(forms.ImportMadeSerializer(made).data, location=f"/api/v1/imports/{made.row.pk}")

            return self.once(write)


class InspectView(WorkspaceView):
    """What is in an export."""

    rights = {"post": Right.VIEW}
    parser_classes = EXPORT_PARSERS  # type: ignore[assignment]
    idempotent_inside = True  # it writes nothing

    @extend_schema(
        summary="Look into an export, store nothing", request=EXPORT_BODY, responses=forms.InspectedSerializer
    )
    def post(self, request: Request) -> Response:
        parsers.check_length(request, services.MAX_FILE_BYTES)
        with parsers.uploaded(request) as (file, _):
            return Response(forms.InspectedSerializer(services.inspect_export(actor=self.actor, file=file)).data)


class ImportView(WorkspaceView):
    """One import, with its evidence."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show where a version came from", responses=forms.ImportDetailSerializer)
    def get(self, request: Request, import_id: str) -> Response:
        return Response(forms.ImportDetailSerializer(selectors.imported(self.workspace, import_id)).data)


def _asked(archive: Archive) -> Response:
    return created(forms.ArchiveSerializer(archive).data, location=f"/api/v1/archives/{archive.pk}")


def _made(view: WorkspaceView, ask: Any) -> Response:
    """Ask once, then make it here when it is small: outside the transaction of the asking.

    A repeat may come after the file was deleted: then the first answer is all there is.
    """
    response = view.once(ask)
    with suppress(NotFound):
        archive = services.make_now(selectors.archive(view.workspace, response.data["id"]))
        response.data = forms.ArchiveSerializer(archive).data
    return response
