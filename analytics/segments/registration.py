"""What segments add to the platform; analytics.apps calls this once."""

from __future__ import annotations


def register() -> None:
    """Join the publisher and the edge."""
    from analytics.segments import snapshot
    from ferry.edge.registry import register_loader
    from ferry.kernel.publishing.registry import register_holder, register_part

    register_part(snapshot.KIND, build=snapshot.build, keys=snapshot.keys)
    register_holder(snapshot.held_sets)
    register_loader(snapshot.KIND, "analytics.segments.snapshot_load.load_segment")
