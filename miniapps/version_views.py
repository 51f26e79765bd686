"""The management API of versions and their previews: doors only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, BinaryIO

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.parsers import StrictJsonParser
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right
from miniapps import parsers, selectors, services
from miniapps import version_serializers as forms
from miniapps.models import MiniProgram, ResumableUpload

ZIP_BODY = {"application/zip": OpenApiTypes.BINARY, "multipart/form-data": forms.VersionForm}
VERSION_BODY = {**ZIP_BODY, "application/json": forms.VersionOfUpload}
_BESIDE_THE_ZIP = [
    OpenApiParameter("name", OpenApiTypes.STR, description="When the body is the zip: as in the form."),
    OpenApiParameter("code", OpenApiTypes.INT, description="When the body is the zip: as in the form."),
    OpenApiParameter("notes", OpenApiTypes.STR, description="When the body is the zip: as in the form."),
    OpenApiParameter("host_range", OpenApiTypes.STR, description=f"When the body is the zip. {forms.RANGE_HELP}"),
]


class VersionsView(WorkspaceView):
    """The versions of a mini-program."""

    rights = {"get": Right.VIEW, "post": Right.UPLOAD}
    parser_classes = (*parsers.ZIP_PARSERS, StrictJsonParser)  # type: ignore[assignment]
    idempotent_inside = True

    @extend_schema(summary="List versions", responses=page_schema(forms.VersionSerializer))
    def get(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        return self.page(selectors.versions(self.workspace, program), forms.VersionSerializer, key="code")

    @extend_schema(
        summary="Upload a version",
        description="The zip as the body, in a form, or uploaded before in pieces: {“upload”: id}. Refused with code"
        " package_refused and a report in its details.",
        parameters=_BESIDE_THE_ZIP,
        request=VERSION_BODY,
        responses={201: forms.VersionDetailSerializer},
    )
    def post(self, request: Request, program_id: str) -> Response:
        parsers.check_length(request, settings.FERRY_MAX_UPLOAD_BYTES)
        program = selectors.program(self.workspace, program_id)
        if (request.content_type or "").partition(";")[0] == "application/json":
            return self._of_upload(program)
        with parsers.uploaded(request) as (archive, fields):
            form = forms.VersionInput(data=fields)
            form.is_valid(raise_exception=True)
            return self._make(program, archive, dict(form.validated_data))

    def _of_upload(self, program: MiniProgram) -> Response:
        """The file arrived before, in pieces; the version uses it up."""
        values = self.parse(forms.VersionOfUpload)
        if (answer := self.answered()) is not None:
            return answer
        with services.opened_upload(actor=self.actor, upload_id=values.pop("upload")) as (spent, archive):
            return self._make(program, archive, values, spent)

    def _make(
        self, program: MiniProgram, archive: BinaryIO, values: dict[str, Any], spent: ResumableUpload | None = None
    ) -> Response:
        about = {name: values.pop(name) for name in ("name", "host_range")}
        upload = services.read_upload(actor=self.actor, program=program, archive=archive, **about)

        def write() -> Response:
            version = services.add_version(actor=self.actor, program=program, upload=upload, spent=spent, **values)
            data = forms.VersionDetailSerializer(version).data
            return created(data, location=f"/api/v1/versions/{version.pk}")

        return self.once(write)


class PackageCheckView(WorkspaceView):
    """What an upload would be told."""

    rights = {"post": Right.UPLOAD}
    parser_classes = parsers.ZIP_PARSERS  # type: ignore[assignment]
    idempotent_inside = True  # it writes nothing

    @extend_schema(summary="Check a package, store nothing", request=ZIP_BODY, responses=forms.CheckedSerializer)
    def post(self, request: Request) -> Response:
        parsers.check_length(request, settings.FERRY_MAX_UPLOAD_BYTES)
        with parsers.uploaded(request) as (archive, _):
            return Response(forms.CheckedSerializer(services.check_package(actor=self.actor, archive=archive)).data)


class VersionView(WorkspaceView):
    """One version."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show a version with its report", responses=forms.VersionDetailSerializer)
    def get(self, request: Request, version_id: str) -> Response:
        return Response(forms.VersionDetailSerializer(selectors.version(self.workspace, version_id)).data)


class EndPreviewView(WorkspaceView):
    """End a preview."""

    rights = {"post": Right.VIEW}

    @extend_schema(summary="End a preview before its time", request=None, responses=forms.PreviewSerializer)
    def post(self, request: Request, preview_id: str) -> Response:
        preview = selectors.preview_host(self.workspace, preview_id)
        services.end_preview(actor=self.actor, preview=preview)
        return Response(forms.PreviewSerializer(selectors.preview_host(self.workspace, preview_id)).data)


class PreviewsView(WorkspaceView):
    """Previews of a version."""

    rights = {"get": Right.VIEW, "post": Right.VIEW}

    @extend_schema(summary="List the previews that still show it", responses=page_schema(forms.PreviewSerializer))
    def get(self, request: Request, version_id: str) -> Response:
        version = selectors.version(self.workspace, version_id)
        return self.page(selectors.previews(version).order_by("-id"), forms.PreviewSerializer)

    @extend_schema(summary="Make a preview", request=forms.PreviewInput, responses={201: forms.PreviewSerializer})
    def post(self, request: Request, version_id: str) -> Response:
        version = selectors.version(self.workspace, version_id)
        lifetime = timedelta(hours=self.parse(forms.PreviewInput)["hours"])
        preview = services.create_preview(actor=self.actor, version=version, lifetime=lifetime)
        return created(forms.PreviewSerializer(preview).data)
