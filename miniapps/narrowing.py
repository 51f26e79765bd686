"""What a list of the API is narrowed to: the rows that its query names by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import Workspace
from miniapps import selectors

_FOUND = {"host_app": identity.host_app, "program": selectors.program, "version": selectors.version}


def named_rows(workspace: Workspace, query: Mapping[str, Any]) -> dict[str, Any]:
    """Host app, program and version, those that the query has, as a selector takes them. Raises NotFound."""
    return {name: find(workspace, query[name]) for name, find in _FOUND.items() if name in query}
