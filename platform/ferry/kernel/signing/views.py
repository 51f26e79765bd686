"""The management API of signing keys: doors only."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right
from ferry.kernel.signing import selectors, services
from ferry.kernel.signing.serializers import RotationInput, SigningKeySerializer


class SigningKeysView(WorkspaceView):
    """The workspace's signing keys."""

    rights = {"get": Right.VIEW, "post": Right.MANAGE_APPS}

    @extend_schema(summary="List signing keys", responses=page_schema(SigningKeySerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.all_keys(self.workspace), SigningKeySerializer)

    @extend_schema(
        summary="Sign with a new key",
        description="The key before it stays known to phones, for what it signed; nothing is uploaded again.",
        request=RotationInput,
        responses={201: SigningKeySerializer},
    )
    def post(self, request: Request) -> Response:
        key = services.rotate_key(actor=self.actor, **self.parse(RotationInput))
        return created(SigningKeySerializer(key).data, location=f"/api/v1/signing-keys/{key.kid}")


class SigningKeyView(WorkspaceView):
    """One signing key."""

    rights = {"get": Right.VIEW, "delete": Right.MANAGE_APPS}

    @extend_schema(summary="Show a signing key", responses=SigningKeySerializer)
    def get(self, request: Request, kid: str) -> Response:
        return Response(SigningKeySerializer(selectors.key(self.workspace, kid)).data)

    @extend_schema(
        summary="Revoke a signing key",
        description="Phones no longer believe what it signed. What is released is signed again in the same moment.",
        responses={204: None},
    )
    def delete(self, request: Request, kid: str) -> Response:
        services.revoke_key(actor=self.actor, kid=selectors.key(self.workspace, kid).kid)
        return Response(status=204)
