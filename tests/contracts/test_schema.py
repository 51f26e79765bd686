"""The management API answers every request with a 2xx or a 4xx, in the shapes its OpenAPI promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, Phase, settings
from pytest_django import DjangoDbBlocker
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from ferry.kernel import ids

pytestmark = pytest.mark.long

application = get_wsgi_application()
schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


@schemathesis.serializer("application/zip", "application/offset+octet-stream")
def zip_body(context, value):
    """An upload's body is bytes; what schemathesis makes up is hardly ever a zip, and must be refused as one."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def emptied_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Every request commits, as on a site; the tables are emptied after all operations, not after each.

    In a transaction of the test's own, a lock taken outside any would not be seen, nor what runs on commit.
    """
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: None)
        connection.close()
        patch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)  # 8,000 requests need not open one each
        yield
        connection.close()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def token(emptied_once: None, transactional_db: None) -> str:
    """An administrator's token in a workspace of the operation's own, with a host app: most of the API answers it."""
    from tests.world import World

    return World.make(ids.new()).token("admin")


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
