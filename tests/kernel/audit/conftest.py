from __future__ import annotations

import pytest

from tests.kernel.office import Office


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    """The real hash costs a third of a second on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def office(db: None) -> Office:
    return Office.make()
