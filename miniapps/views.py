"""The management API of mini-programs: doors only."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right
from miniapps import images, parsers, selectors, services
from miniapps import serializers as forms

PICTURE_BODY = {
    "image/png": OpenApiTypes.BINARY,
    "image/jpeg": OpenApiTypes.BINARY,
    "image/webp": OpenApiTypes.BINARY,
    "multipart/form-data": forms.PictureForm,
}


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
