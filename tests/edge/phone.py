"""A phone in front of the real edge: real rows, the real publisher, the edge's own way of reading them."""

from __future__ import annotations

from typing import Any

import analytics.edge
import miniapps.edge
import miniapps.edge_offered
from ferry.edge import server
from ferry.edge.app import EdgeApp
from ferry.edge.files import FileSender
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient
from ferry.edge.snapshot.database import DatabaseSource
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from tests.edge.published import Caller, Notes
from tests.world import World


class Phone:
    """A registered device of the world's host app, and the edge it calls."""

    def __init__(self, world: World, settings: EdgeSettings) -> None:
        self.world = world
        self.client = SnapshotClient(
            snapshots=Snapshots(),
            source=DatabaseSource(),
            disk=DiskCopy(settings.state_dir),
            edge_url=settings.edge_url,
        )
        self.notes = Notes()
        edge = EdgeApp(
            settings=settings,
            snapshots=self.client.snapshots,
            journal=self.notes,
            routes=(miniapps.edge.add_routes, miniapps.edge_offered.add_routes, analytics.edge.add_routes),
        )
        server.add_own_routes(edge, FileSender())
        self.edge = Caller(edge)
        self.key = world.host_app.app_key
        assert self.client.poll()
        said = self.edge(
            "POST", "/v1/devices", json={"message_id": "message-1", "platform": "android"}, x_app_key=self.key
        ).json()
        self.id, self.token = said["device"]["id"], said["token"]

    def check_in(self, **body: Any) -> dict[str, Any]:
        assert self.client.poll(), self.client.snapshots.error
        device = {"id": self.id, "platform": "android", "host_version": "6.3.0"}
        answer = self.edge(
            "POST",
            "/v1/checkin",
            json={"device": device} | body,
            x_app_key=self.key,
            authorization=f"Device {self.token}",
        )
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said
