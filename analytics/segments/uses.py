"""Who uses a segment: apps above this one say so here, so that nobody deletes what they stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace

Uses = Callable[["Workspace", str], Iterable[str]]

_finders: list[Uses] = []


def register_uses(find: Uses) -> None:
    """Have `find(workspace, segment_id)` asked, inside the publishing lock, before a segment is deleted.

    It names in words what uses the segment: "release 2 of City Ferry".
    """
    if find not in _finders:
        _finders.append(find)


def uses_of(workspace: Workspace, segment_id: str) -> list[str]:
    """Everything that uses the segment now."""
    return sorted({name for find in _finders for name in find(workspace, segment_id)})
