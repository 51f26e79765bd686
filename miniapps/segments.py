"""Saved segments, as releases use them: the one place of this app that asks analytics for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from analytics.segments import selectors
from ferry.kernel.targeting import Segments

if TYPE_CHECKING:
    from ferry.kernel.identity.models import Workspace


def known_segments(workspace: Workspace, segment_ids: Collection[str]) -> set[str]:
    """Those of `segment_ids` that exist."""
    if not segment_ids:
        return set()
    return set(selectors.segments(workspace).filter(pk__in=list(segment_ids)).values_list("pk", flat=True))


def segment_rules(workspace: Workspace, segment_ids: Collection[str]) -> Segments:
    """Segment id to its constraints, of those that exist, with the lists that they name."""
    return selectors.constraints_of(workspace, segment_ids) if segment_ids else {}
