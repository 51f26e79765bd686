"""Fixtures for every room."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from django.utils import translation

# A loaded machine must not turn a correct property into a red test: timings live in bench/.
hypothesis.settings.register_profile("ferry", deadline=None)
hypothesis.settings.load_profile("ferry")

ROOT = Path(__file__).resolve().parent.parent

_LONG = ("processes", "browser", "long")


@pytest.hookimpl(trylast=True)  # after pytest-randomly and pytest-django
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On several workers, files of long tests begin first: the short ones fill up what is left at the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if any(map(item.get_closest_marker, _LONG))}
        items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def default_language() -> None:
    """Each test begins without a language of its own: a request in an earlier one may have left its."""
    translation.deactivate()


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The data that lies beside a checkout and never inside it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the test data folder is not beside this checkout")
    return folder
