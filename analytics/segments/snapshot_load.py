"""Published segments as the edge holds them: closures, compiled once for all the rules that name them.

Runs in the edge's snapshot thread, once for each segment that changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferry.edge.registry import Sources, StoredSets
from ferry.kernel.targeting import compile_segment


def load_segment(key: str, body: dict[str, Any], sources: Sources) -> Sequence[Any]:
    """The loader of parts of kind "segment": its constraints, with the list that it may be made of."""
    return compile_segment(key, body["constraints"], sets=StoredSets(sources))
