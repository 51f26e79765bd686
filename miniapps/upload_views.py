"""The API's door to resumable uploads: tus 1.0.0 under /api/v1/uploads."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api import idempotency
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity.rights import Right
from miniapps import services, tus
from miniapps import version_serializers as forms


def _header(name: str, about: str, required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, required=required, description=about)


_VERSION = _header("Tus-Resumable", "1.0.0")
_OFFSET = _header("Upload-Offset", "Where this piece begins: what the last answer said.")
_NOTHING = OpenApiResponse(description="Headers say how far the upload is.")


class TusView(WorkspaceView):
    """What both addresses share: every answer, a refusal too, names the version of the protocol."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """None for OPTIONS: clients ask what the server can do before they send a token, as browsers do."""
        request = getattr(self, "request", None)
        return [] if request is not None and request.method == "OPTIONS" else super().get_authenticators()

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """What the server can do. It says nothing about any upload, and needs no token."""
        return Response(status=204, headers=tus.abilities())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the header that tus demands of every answer."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = tus.VERSION
        if response.status_code == 412:
            response["Tus-Version"] = tus.VERSION
        return response


class UploadsView(TusView):
    """Announce a file."""

    rights = {"post": Right.UPLOAD}
    idempotent_inside = True  # what makes two of them the same stands in headers

    @extend_schema(
        summary="Begin a resumable upload",
        description="tus 1.0.0: the answer's Location takes the pieces. Then create a version of {“upload”: id}.",
        parameters=[
            _VERSION,
            _header("Upload-Length", "Bytes of the whole file."),
            _header("Upload-Metadata", "Pairs of a name and its value in base64.", required=False),
        ],
        request=None,
        responses={201: forms.ResumableUploadSerializer},
    )
    def post(self, request: Request) -> Response:
        def act() -> Response:
            upload = tus.create(self.actor, request.headers)
            headers = {"Location": f"/api/v1/uploads/{upload.pk}", **tus.told(upload)}
            return Response(forms.ResumableUploadSerializer(upload).data, status=201, headers=headers)

        key = idempotency.key_of(request)
        if not key:
            return act()
        announced = [request.headers.get(name, "") for name in ("Upload-Length", "Upload-Metadata")]
        fingerprint = hashlib.sha256("\n".join(["uploads", *announced]).encode()).hexdigest()
        return idempotency.once(actor=self.actor, key=key, fingerprint=fingerprint, act=act)


class UploadView(TusView):
    """One upload: how far it is, the next piece, the end of it."""

    rights = {"head": Right.UPLOAD, "get": Right.UPLOAD, "patch": Right.UPLOAD, "delete": Right.UPLOAD}

    def head(self, request: Request, upload_id: str) -> Response:
        """How far it is, as tus asks."""
        return Response(headers=tus.told(tus.look(self.actor, upload_id, request.headers)))

    @extend_schema(summary="Show a resumable upload", responses=forms.ResumableUploadSerializer)
    def get(self, request: Request, upload_id: str) -> Response:
        upload = services.own_upload(actor=self.actor, upload_id=upload_id)
        return Response(forms.ResumableUploadSerializer(upload).data, headers=tus.told(upload))

    @extend_schema(
        summary="Send a piece",
        description="What has come when a connection breaks is kept; HEAD says how much that is.",
        parameters=[_VERSION, _OFFSET, _header("Upload-Checksum", "sha1 or sha256, and base64.", required=False)],
        request={tus.PIECE: OpenApiTypes.BINARY},
        responses={204: _NOTHING},
    )
    def patch(self, request: Request, upload_id: str) -> Response:
        # The body is read as it comes, never collected: it stays out of REST framework's parsers.
        upload = tus.append(self.actor, upload_id, request.headers, request._request)
        return Response(status=204, headers=tus.told(upload))

    @extend_schema(summary="Throw an upload away", parameters=[_VERSION], responses={204: None})
    def delete(self, request: Request, upload_id: str) -> Response:
        tus.end(self.actor, upload_id, request.headers)
        return Response(status=204)
