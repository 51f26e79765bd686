"""The console's Content-Security-Policy, in one place.

Django 5.2 has none of its own (6.0 brings one). The policy is the same for every page and needs no nonce because no
page holds an inline script or style: thirty lines here against one more dependency. A browser test proves that no
page breaks it.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"


def policy(*, content_origin: str) -> str:
    """The header's value: nothing is allowed but our own files, and previews in a frame.

    Icons come from the console too (console.views.programs): the edge serves those of released programs alone.
    `content_origin` is the template of rule 11, "http://{version}.pkg.example.com": every version has a host of its
    own, so that the frame source is the same template with a wildcard.
    """
    frame = urlsplit(content_origin.replace("{version}", "*"))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            f"frame-src {frame.scheme}://{frame.netloc}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class ContentSecurityPolicyMiddleware:
    """Puts the policy on every answer of the site that does not bring a stricter one of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.value = policy(content_origin=settings.FERRY_CONTENT_ORIGIN)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self.value)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            # A page shows a workspace's data; the back button after signing out must not.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
