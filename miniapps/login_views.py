"""The management API of app secrets, and the one address that a mini-program's own server calls: doors only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import FormParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ferry.kernel.api import errors
from ferry.kernel.api.acts import ActView
from ferry.kernel.api.addresses import client_address
from ferry.kernel.api.parsers import StrictJsonParser
from ferry.kernel.api.schema import IDEMPOTENCY_KEY, FerrySchema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right
from miniapps import login_serializers as forms
from miniapps import selectors, services
from miniapps.permission_serializers import NothingInput
from miniapps.selectors.login import live_secrets


class AppSecretView(WorkspaceView):
    """The app secret of a mini-program."""

    rights = {"get": Right.VIEW, "post": Right.MANAGE_SECRETS}

    @extend_schema(summary="Show the app secrets that count", responses=forms.AppSecretsSerializer)
    def get(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        return Response(forms.AppSecretsSerializer({"secrets": live_secrets(program)}).data)

    @extend_schema(
        summary="Make or rotate the app secret",
        request=forms.RotateInput,
        responses={201: forms.NewAppSecretSerializer},
    )
    def post(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        overlap = timedelta(hours=self.parse(forms.RotateInput)["overlap_hours"])
        new = services.rotate_app_secret(actor=self.actor, program=program, overlap=overlap)
        return created(forms.AppSecretSerializer(new.secret).data | {"secret": new.plain})


class AppSecretActView(ActView):
    """One act on the app secret of a mini-program."""

    form = NothingInput
    answer = forms.AppSecretsSerializer

    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"program": selectors.program(self.workspace, thing_id)}

    def told(self, changed: Any) -> Any:
        return super().told({"secrets": changed})


class FreezeView(AppSecretActView, right=Right.MANAGE_SECRETS, summary="Freeze the app secret"):
    act = services.freeze_app_secret


class UnfreezeView(AppSecretActView, right=Right.MANAGE_SECRETS, summary="Unfreeze the app secret"):
    act = services.unfreeze_app_secret


class _OpenSchema(FerrySchema):
    """Of an address without a management token, and so without its idempotency keys."""

    def get_override_parameters(self) -> list[Any]:
        return [each for each in super().get_override_parameters() if each is not IDEMPOTENCY_KEY]

    def get_auth(self) -> list[dict[str, Any]]:
        return []


class LoginSessionView(APIView):
    """Called by a mini-program's own server. The app secret is the proof, so there is no token and no workspace."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (FormParser, StrictJsonParser)
    renderer_classes = (JSONRenderer,)
    schema = _OpenSchema()

    @extend_schema(
        summary="Exchange a login code",
        description="Needs no token: the app secret is the proof. A code succeeds once, within five minutes.",
        request={
            "application/x-www-form-urlencoded": forms.ExchangeInput,
            "application/json": forms.ExchangeInput,
        },
        responses=forms.LoginSessionSerializer,
    )
    def post(self, request: Request) -> Response:
        form = forms.ExchangeInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        session = services.exchange_login_code(
            program_id=given["client_id"],
            secret=given["client_secret"],
            code=given["code"],
            address=client_address(request._request),
        )
        return Response(forms.LoginSessionSerializer(session).data, headers={"Cache-Control": "no-store"})

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """Ferry's error shape."""
        return errors.exception_handler
