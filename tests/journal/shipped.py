"""What the tests of shipping share: an edge elsewhere, and what is to be seen of its records."""

from __future__ import annotations

from pathlib import Path

from analytics import selectors
from ferry.journal import shipping
from ferry.kernel.storage import NamedFiles
from tests.journal.world import DAY, Edge, World


def at(port: int) -> str:
    return f"s3://key:secret@bucket/ferry?region=eu-west-1&endpoint=http://127.0.0.1:{port}"


def counts(world: World, kind: str = "device") -> tuple[int, int, int, int, int]:
    """received, stored, duplicate, rejected, pending."""
    for row in selectors.accounting(world.workspace, world.app.id, DAY).kinds:
        if row.kind == kind:
            return row.received, row.stored, row.duplicate, row.rejected, row.pending
    return 0, 0, 0, 0, 0


def elsewhere(world: World, tmp_path: Path, host: str, *devices: str) -> Edge:
    """A dead edge with process id 1 on another host."""
    edge = Edge(tmp_path / host, "1")
    for device in devices:
        edge.report("device", **world.device(device, message_id=f"{host} {device}"))
    return edge


def names(files: NamedFiles, folder: str = shipping.SEGMENTS) -> list[str]:
    return [item.name for item in files.list(folder)]
