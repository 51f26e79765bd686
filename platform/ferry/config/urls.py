"""The site's addresses: the management API under /api/v1/, everything else is the console."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

# Only the process that serves these addresses pays for DRF and its schema: 45 MB that edges and workers never need.
from ferry.kernel.api import schema  # noqa: F401


def healthz(request: HttpRequest) -> JsonResponse:
    """Alive, for a load balancer: says nothing about the database on purpose, which all sites share."""
    return JsonResponse({"status": "ok"})


API: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("ferry.kernel.identity.urls")),
    path("", include("ferry.kernel.audit.urls")),
    path("", include("ferry.kernel.signing.urls")),
    path("", include("analytics.urls")),
    path("", include("miniapps.urls")),
    path("", include("push.urls")),
]

urlpatterns = [
    path("healthz", healthz),
    path("api/v1/", include((API, "api"))),
    path("", include("console.urls")),
]
