"""Around every request of the site: it has an id, only a proxy of ours says that it came over TLS, and under
/api/ every refusal has the one shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ferry.kernel import ids
from ferry.kernel.api.addresses import is_trusted
from ferry.kernel.api.errors import in_shape
from ferry.kernel.api.request_ids import request_id

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")  # what a proxy may send; anything else could forge log lines


class RequestIdMiddleware:
    """Takes the caller's X-Request-Id when it is harmless, else makes one; sends it back.

    It stands first in MIDDLEWARE, so it also sees what Django answers by itself (an unknown address, a refused host,
    a bug) and gives that the API's error shape when it was the API that was asked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        request.request_id = given if _ACCEPTED.fullmatch(given) else ids.new()  # type: ignore[attr-defined]
        response = self._get_response(request)
        if response.status_code >= 400 and request.path_info.startswith("/api/") and not _is_json(response):
            response = in_shape(request, response.status_code)
        response[HEADER] = request_id(request)
        return response


class ProxyMiddleware:
    """X-Forwarded-Proto is believed only from TRUSTED_PROXIES; Django itself would believe it from anybody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_trusted(request.META.get("REMOTE_ADDR", ""), settings.FERRY_TRUSTED_PROXIES):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self._get_response(request)


def _is_json(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "").startswith("application/")
