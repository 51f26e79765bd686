"""The package check on the developer's own machine, with no server: the same guard that an upload meets.

The client belongs to the ground and may not import the app that owns the guard, so the app joins by registration as
apps do everywhere in Ferry: here through the entry point group “ferry.package_checks” of the installed distribution.
docs/decisions/0800-validate-offline.md.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, BinaryIO

from ferry.cli.errors import Usage

GROUP = "ferry.package_checks"

Check = Callable[[BinaryIO], dict[str, Any]]


def check_package(archive: BinaryIO) -> dict[str, Any]:
    """{"accepted", "report", "package"} of a zip, as POST /api/v1/packages/check answers it."""
    registered = entry_points(group=GROUP)
    if not registered:
        raise Usage("The package check is not part of this installation. Run “pip install -e .” in the checkout again.")
    check: Check = next(iter(registered)).load()
    return check(archive)
