"""Turns every refusal into the one error shape, and names those that only the API's door knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from ferry.kernel.api.request_ids import request_id
from ferry.kernel.errors import (
    Conflict,
    FerryError,
    Invalid,
    NotAllowed,
    NotFound,
    Overloaded,
    RateLimited,
    TooLarge,
    Unauthenticated,
)

_WAITED = ("locked", "lock timeout", "deadlock detected")  # SQLite's word and PostgreSQL's: the same again will pass


class Malformed(FerryError):
    code = "malformed"
    status = 400
    message = _("The body cannot be read: {reason}")


class MethodNotAllowed(FerryError):
    code = "method_not_allowed"
    status = 405
    message = _("{method} is not possible here. The header Allow names the methods that are.")


class UnsupportedMediaType(FerryError):
    code = "unsupported_media_type"
    status = 415
    message = _("Send the body as {expected}.")


class NotAcceptable(FerryError):
    code = "not_acceptable"
    status = 406
    message = _("This API answers in application/json. Accept it.")


class IdempotencyConflict(Conflict):
    code = "idempotency_conflict"
    message = _("This Idempotency-Key was used for another request. Make a new key for each request.")


class InternalError(FerryError):
    code = "internal_error"
    status = 500
    message = _("Something went wrong on our side. Tell your administrator the request id {request_id}.")


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's hook: the answer for a refusal, None for a bug (which Django logs and answers with 500)."""
    error = as_ferry_error(exception)
    if error is None:
        return None
    set_rollback()
    request = context.get("request")
    if isinstance(error, UnsupportedMediaType):
        error = UnsupportedMediaType(expected=_read_here(request))
    response = Response(error.body(request_id(getattr(request, "_request", request))), status=error.status)
    if isinstance(error, Unauthenticated):
        response["WWW-Authenticate"] = 'Bearer realm="ferry"'
    retry_after = error.details.get("retry_after")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _read_here(request: Any) -> str:
    """The media types that the address reads, as a sentence takes them."""
    types = [parser.media_type for parser in getattr(request, "parsers", None) or ()]
    return ", ".join(dict.fromkeys(types)) or "application/json"


def as_ferry_error(exception: Exception) -> FerryError | None:
    """The refusal that an exception stands for; None when it is not one."""
    match exception:
        case FerryError():
            return exception
        case exceptions.ValidationError():
            return Invalid(reason=_first(exception.detail), fields=exception.detail)
        case exceptions.ParseError() | MultiPartParserError() | UnreadablePostError():
            return Malformed(reason=str(exception))
        case exceptions.AuthenticationFailed() | exceptions.NotAuthenticated():
            return Unauthenticated()
        case exceptions.PermissionDenied() | PermissionDenied():
            return NotAllowed(right="")
        case exceptions.NotFound() | Http404():
            return NotFound(kind="address")
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed(method=str(exception.args[0]) if exception.args else "")
        case exceptions.UnsupportedMediaType():
            return UnsupportedMediaType(expected="application/json")
        case exceptions.NotAcceptable():
            return NotAcceptable()
        case exceptions.Throttled():
            return RateLimited(retry_after=int(getattr(exception, "wait", None) or 1))
        case RequestDataTooBig():
            return TooLarge(limit=_upload_limit())
        case SuspiciousOperation():
            return Malformed(reason=str(_("it was refused")))
        case OperationalError() if any(words in str(exception) for words in _WAITED):
            return Overloaded(retry_after=1)
    return None


def in_shape(request: HttpRequest, status: int) -> JsonResponse:
    """What Django itself answered, in the one shape. No detail of a bug leaves the house; the log has it."""
    named = request_id(request)
    error: FerryError
    match status:
        case 404:
            error = NotFound(kind="address")
        case 405:
            error = MethodNotAllowed(method=request.method or "")
        case 413:
            error = TooLarge(limit=_upload_limit())
        case _ if status < 500:
            error = Malformed(reason=str(_("it was refused")))
        case _:
            error = InternalError(request_id=named)
    return JsonResponse(error.body(named), status=error.status)


def _upload_limit() -> int:
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)


def _first(detail: Any, path: str = "") -> str:
    """The first sentence of a validation error, after the field that it is about."""
    if isinstance(detail, dict):
        for field, inner in detail.items():
            name = str(field)
            return _first(inner, path if name == "non_field_errors" else f"{path}.{name}" if path else name)
    if isinstance(detail, list):
        for place, inner in enumerate(detail):
            if inner:
                return _first(inner, f"{path}[{place}]" if isinstance(inner, dict) else path)
    return f"{path}: {detail}" if path else str(detail)
