"""The management API answers every request with a 2xx or a 4xx, in the shapes its OpenAPI promises."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

application = get_wsgi_application()
schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


@schemathesis.serializer("application/zip", "application/offset+octet-stream")
def zip_body(context, value):
    """An upload's body is bytes; what schemathesis makes up is hardly ever a zip, and must be refused as one."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture
def token(transactional_db) -> str:
    """An administrator's token in a workspace with a host app: most of the API answers it."""
    from tests.world import World

    return World.make().token("admin")


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_ends_in_a_server_error(case, token):
    case.call_and_validate(
        headers={"Authorization": f"Bearer {token}"},
        checks=(not_a_server_error, status_code_conformance, content_type_conformance),
    )
