"""How the management API describes itself (OpenAPI 3, drf-spectacular): /api/v1/schema/."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from ferry.kernel.api.idempotency import HEADER
from ferry.kernel.api.pagination import DEFAULT_LIMIT, MOST
from ferry.kernel.api.serializers import ErrorSerializer

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Makes a repeat safe: within 24 hours the same key gives the first answer again.",
    pattern=r"^[\x21-\x7e]{1,255}$",
)
PAGING = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of the page before; the first page without."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
        description="Rows a page.",
    ),
]


def page_schema(item: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """A page of `item`, for `@extend_schema(responses=…)`."""
    name = item.__name__.removesuffix("Serializer")
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "items": item(many=True),
        "next": serializers.CharField(allow_null=True, help_text="Cursor of the next page; null on the last."),
    }
    return inline_serializer(f"{name}Page", fields)


class FerrySchema(AutoSchema):
    """What every operation has in common, so that no view repeats it: its id, the error shape, keys and cursors."""

    def get_operation_id(self) -> str:
        """From the method and the address: get_host_apps, get_host_apps_by_host_app_id. Stable, and never twice."""
        path = self.path.removeprefix("/api/v1").strip("/")
        words = path.replace("{", "by_").replace("}", "").replace("-", "_").replace("/", "_")
        return f"{self.method.lower()}_{words}"

    def get_override_parameters(self) -> list[Any]:
        """The view's own, and what its method brings with it."""
        parameters = list(super().get_override_parameters())
        if self.method == "POST":
            parameters.append(IDEMPOTENCY_KEY)
        if self._answers_a_page():
            parameters.extend(PAGING)
        return parameters

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if direction == "response":
            bodies["default"] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                ErrorSerializer, "default"
            )
        return bodies

    def _is_list_view(self, serializer: Any = None) -> bool:
        """A page is an object; nothing answers with a bare list."""
        return False

    def _answers_a_page(self) -> bool:
        answer = self.get_response_serializers()
        name = getattr(answer, "__name__", type(answer).__name__)
        return self.method == "GET" and name.removesuffix("Serializer").endswith("Page")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer ft_…`."""

    target_class = "ferry.kernel.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """For components.securitySchemes."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ft_…"}
