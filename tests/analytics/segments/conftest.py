"""A world with segments: made through services, looked at as an edge loads them."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.segments import services
from analytics.segments.models import Segment
from ferry.edge.snapshot.assemble import Assembler
from ferry.kernel import clock
from ferry.kernel.identity.models import HostApp
from ferry.kernel.publishing import selectors as published
from ferry.kernel.targeting import decide
from tests.world import World


class Segments(World):
    """The world, with an analyst who keeps segments and an edge for each host app."""

    def segment(self, name: str, **about: Any) -> Segment:
        return services.create_segment(actor=self.operator, name=name, **about)

    def change(self, segment: Segment, **about: Any) -> Segment:
        return services.update_segment(actor=self.operator, segment=segment, **about)

    def delete(self, segment: Segment) -> None:
        services.delete_segment(actor=self.operator, segment=segment)

    def published(self, host_app: HostApp | None = None) -> dict[str, Any]:
        """The loaded parts of kind "segment", as an edge that starts now would hold them."""
        return dict(self._snapshot(host_app or self.host_app).part("segment"))

    def reached(self) -> set[str]:
        """The devices that get something of the mini-program, decided by what an edge loads."""
        program = self._snapshot(self.host_app).part("program")[self.program.program_id]
        now = clock.now().timestamp()
        return {
            device.id
            for device in self.devices.values()
            if decide(program.steps, device.context(self.host_app, now)) is not None
        }

    def version_of(self, host_app: HostApp) -> int:
        return published.manifest(host_app.pk)[0]

    def _snapshot(self, host_app: HostApp) -> Any:
        version, manifest, freshness = published.manifest(host_app.pk)
        addresses = {entry["sha"] for entry in manifest.values()} | {s for e in manifest.values() for s in e["sets"]}
        stored = published.parts(addresses)
        assembler = Assembler(host_app.pk, "http://edge.test")
        snapshot = assembler.assemble(version, manifest, freshness, stored.__getitem__)
        assert assembler.failed == {}
        return snapshot


@pytest.fixture
def world(db: None) -> Segments:
    made = Segments.make(devices=0)
    assert isinstance(made, Segments)
    return made
