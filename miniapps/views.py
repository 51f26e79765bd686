"""The management API of mini-programs, versions and reviews: doors only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO, ClassVar

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.parsers import StrictJsonParser
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import images, parsers, selectors, services
from miniapps import serializers as forms
from miniapps.models import MiniProgram, ResumableUpload, Review

ZIP_BODY = {"application/zip": OpenApiTypes.BINARY, "multipart/form-data": forms.VersionForm}
VERSION_BODY = {**ZIP_BODY, "application/json": forms.VersionOfUpload}
PICTURE_BODY = {
    "image/png": OpenApiTypes.BINARY,
    "image/jpeg": OpenApiTypes.BINARY,
    "image/webp": OpenApiTypes.BINARY,
    "multipart/form-data": forms.PictureForm,
}
_BESIDE_THE_ZIP = [
    OpenApiParameter("name", OpenApiTypes.STR, description="When the body is the zip: as in the form."),
    OpenApiParameter("code", OpenApiTypes.INT, description="When the body is the zip: as in the form."),
    OpenApiParameter("notes", OpenApiTypes.STR, description="When the body is the zip: as in the form."),
    OpenApiParameter("host_range", OpenApiTypes.STR, description=f"When the body is the zip. {forms.RANGE_HELP}"),
]


class MiniProgramsView(WorkspaceView):
    """The mini-programs of the workspace."""

    rights = {"get": Right.VIEW, "post": Right.UPLOAD}

    @extend_schema(summary="List mini-programs", responses=page_schema(forms.MiniProgramSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.programs(self.workspace), forms.MiniProgramSerializer)

    @extend_schema(
        summary="Create a mini-program", request=forms.MiniProgramInput, responses={201: forms.MiniProgramSerializer}
    )
    def post(self, request: Request) -> Response:
        values = self.parse(forms.MiniProgramInput)
        program = services.create_program(actor=self.actor, program_id=values.pop("id"), **values)
        data = forms.MiniProgramSerializer(program).data
        return created(data, location=f"/api/v1/mini-programs/{program.program_id}")


class MiniProgramView(WorkspaceView):
    """One mini-program."""

    rights = {"get": Right.VIEW, "patch": Right.VIEW}  # the service asks for more, by whether it is listed

    @extend_schema(summary="Show a mini-program", responses=forms.MiniProgramSerializer)
    def get(self, request: Request, program_id: str) -> Response:
        return Response(forms.MiniProgramSerializer(selectors.program(self.workspace, program_id)).data)

    @extend_schema(
        summary="Change what people see", request=forms.MiniProgramChange, responses=forms.MiniProgramSerializer
    )
    def patch(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        program = services.update_program(actor=self.actor, program=program, **self.parse(forms.MiniProgramChange))
        return Response(forms.MiniProgramSerializer(program).data)


class IconView(WorkspaceView):
    """The icon of a mini-program."""

    rights = {"put": Right.VIEW}  # as for the program itself
    parser_classes = parsers.PICTURE_PARSERS  # type: ignore[assignment]

    @extend_schema(summary="Set the icon", request=PICTURE_BODY, responses=forms.MiniProgramSerializer)
    def put(self, request: Request, program_id: str) -> Response:
        parsers.check_length(request, images.MAX_BYTES)
        program = selectors.program(self.workspace, program_id)
        with parsers.uploaded(request) as (picture, _):
            program = services.set_icon(actor=self.actor, program=program, picture=picture.read(images.MAX_BYTES + 1))
        return Response(forms.MiniProgramSerializer(program).data)


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
        upload = services.read_upload(
            actor=self.actor, program=program, archive=archive, host_range=values.pop("host_range")
        )

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


class ReviewsView(WorkspaceView):
    """What waits for review, and what was decided."""

    rights = {"get": Right.VIEW}

    @extend_schema(
        summary="List reviews", parameters=[forms.ReviewQuery], responses=page_schema(forms.ReviewSerializer)
    )
    def get(self, request: Request) -> Response:
        query = self.query(forms.ReviewQuery)
        given: dict[str, Any] = {"state": query["state"]}
        if "host_app" in query:
            given["host_app"] = identity.host_app(self.workspace, query["host_app"])
        if "version" in query:
            given["version"] = selectors.version(self.workspace, query["version"])
        if "program" in query:
            given["program"] = selectors.program(self.workspace, query["program"])
        return self.page(selectors.reviews(self.workspace, **given), forms.ReviewSerializer)


class ReviewActView(WorkspaceView):
    """One act on the review of a version for a host app. Subclasses name the service."""

    form: ClassVar[type[Any]] = forms.SubmissionInput
    act: ClassVar[Callable[..., Review]]

    def _act(self, version_id: str) -> Response:
        values = self.parse(self.form)
        review = type(self).act(
            actor=self.actor,
            version=selectors.version(self.workspace, version_id),
            host_app=identity.host_app(self.workspace, values.pop("host_app")),
            **values,
        )
        return Response(forms.ReviewSerializer(review).data)


class SubmitView(ReviewActView):
    rights = {"post": Right.SUBMIT}
    act = services.submit_version

    @extend_schema(
        summary="Submit a version for review", request=forms.SubmissionInput, responses=forms.ReviewSerializer
    )
    def post(self, request: Request, version_id: str) -> Response:
        return self._act(version_id)


class PromoteView(ReviewActView):
    rights = {"post": Right.SUBMIT}
    act = services.promote_version

    @extend_schema(
        summary="Submit to production what is approved in test",
        request=forms.SubmissionInput,
        responses=forms.ReviewSerializer,
    )
    def post(self, request: Request, version_id: str) -> Response:
        return self._act(version_id)


class WithdrawSubmissionView(ReviewActView):
    rights = {"post": Right.SUBMIT}
    form = forms.OnHostAppInput
    act = services.withdraw_submission

    @extend_schema(summary="Take a submission back", request=forms.OnHostAppInput, responses=forms.ReviewSerializer)
    def post(self, request: Request, version_id: str) -> Response:
        return self._act(version_id)


class ApproveView(ReviewActView):
    rights = {"post": Right.REVIEW}
    form = forms.VerdictInput
    act = services.approve_version

    @extend_schema(summary="Approve a version", request=forms.VerdictInput, responses=forms.ReviewSerializer)
    def post(self, request: Request, version_id: str) -> Response:
        return self._act(version_id)


class RejectView(ReviewActView):
    rights = {"post": Right.REVIEW}
    form = forms.RejectionInput
    act = services.reject_version

    @extend_schema(summary="Reject a version", request=forms.RejectionInput, responses=forms.ReviewSerializer)
    def post(self, request: Request, version_id: str) -> Response:
        return self._act(version_id)
