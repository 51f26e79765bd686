"""docs/errors.md lists every code that a Ferry endpoint may answer with, with its status: no more, no less."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import analytics
import console
import ferry
import miniapps
import push
from ferry.kernel.errors import FerryError

_ROW = re.compile(r"^\| `([a-z0-9_]+)` \| (\d{3}) \|", re.M)


def _modules() -> Iterator[str]:
    for package in (ferry, analytics, miniapps, push, console):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"\.(migrations|management|__main__|cli|wsgi)(\.|$)", module.name):
                yield module.name


def _kinds(of: type[FerryError]) -> Iterator[type[FerryError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _kinds(kind)


@pytest.fixture(scope="module")
def errors() -> list[type[FerryError]]:
    """Every error that the code defines."""
    for name in _modules():
        importlib.import_module(name)
    return [kind for kind in [FerryError, *_kinds(FerryError)] if not kind.__module__.startswith("tests")]


def test_every_code_is_listed_with_its_status(root, errors):
    listed = {code: int(status) for code, status in _ROW.findall((root / "docs" / "errors.md").read_text())}
    used: dict[str, set[int]] = {}
    for error in errors:
        used.setdefault(error.code, set()).add(error.status)
    used["internal_error"] = {500}  # the base class's own status is never answered
    missing = [f"| `{code}` | {min(used[code])} | … |" for code in sorted(used.keys() - listed.keys())]
    assert not missing, "docs/errors.md lacks:\n" + "\n".join(missing)
    assert sorted(listed.keys() - used.keys()) == [], "docs/errors.md lists codes that no code gives"
    assert {code: statuses for code, statuses in used.items() if statuses != {listed[code]}} == {}


def test_every_message_says_something_and_takes_its_details(errors):
    for error in errors:
        assert str(error.message).strip().endswith((".", "…", "}")), (error, str(error.message))
        assert error().body("r")["error"].keys() == {"code", "message", "details", "request_id"}
