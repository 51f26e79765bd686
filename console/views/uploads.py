"""The console's door to resumable uploads: tus for the script of the upload page, under the session's sign-in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity.rights import Right
from miniapps import tus


class TusDoor(WorkspacePage):
    """What both addresses share. A refusal is JSON in Ferry's shape: a script reads it."""

    right = Right.UPLOAD

    def refuse(self, error: FerryError) -> HttpResponse:
        """The refusal as the API would send it."""
        return JsonResponse(error.body(getattr(self.request, "request_id", "")), status=error.status)


class Uploads(TusDoor):
    """Announce a file."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin an upload."""
        upload = tus.create(self.actor, request.headers)
        return HttpResponse(status=201, headers={"Location": self.url("upload-piece", upload.pk), **tus.told(upload)})


class UploadPiece(TusDoor):
    """One upload of the member's own."""

    http_method_names = ["head", "patch", "delete"]

    def head(self, request: HttpRequest, upload_id: str) -> HttpResponse:
        """How far it is."""
        return HttpResponse(headers=tus.told(tus.look(self.actor, upload_id, request.headers)))

    def patch(self, request: HttpRequest, upload_id: str) -> HttpResponse:
        """The next piece."""
        return HttpResponse(status=204, headers=tus.told(tus.append(self.actor, upload_id, request.headers, request)))

    def delete(self, request: HttpRequest, upload_id: str) -> HttpResponse:
        """Throw it away."""
        tus.end(self.actor, upload_id, request.headers)
        return HttpResponse(status=204)
