"""`GET /dimina/{program}/manifest`: what an unmodified Dimina host asks for, in its own words.

The host calls an address that it was configured with and adds nothing, so who asks stands in the query: `did`,
`app_key`, `platform`, `version` (of the host app), and what a check-in may say besides.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from falcon.asgi import Request, Response

from ferry.edge import answers, auth
from ferry.edge.errors import AppKeyUnknown
from miniapps.adapters import asking
from miniapps.adapters.load import Adapted
from miniapps.edge import context_of
from miniapps.errors import AppKeyNotInAddress, NotOffered

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

_DEVICE = {"did": "id", "version": "host_version"}
_ABOUT = ("platform", "os", "model", "network", "locale")


class Manifest:
    """One mini-program's update manifest for the device that asks."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_get(self, req: Request, resp: Response, program_id: str) -> None:
        """404 where there is nothing for this device: the host takes it as "no update" and keeps what it has."""
        edge, said = self._edge, asking.query(req)
        try:
            snapshot = auth.host_app(edge.snapshots, said.get("app_key", "").encode())
        except AppKeyUnknown:
            raise AppKeyNotInAddress from None
        req.context.snapshot = snapshot  # whose web origins may read the answer
        asking.pass_limit(edge, req, snapshot, monotonic())
        device: dict[str, str] = {name: said[name] for name in _ABOUT if name in said}
        device |= {ours: said[theirs] for theirs, ours in _DEVICE.items() if said.get(theirs)}
        attributes = {name[len("attributes.") :]: value for name, value in said.items() if name[:11] == "attributes."}
        checkin = asking.described({"id": "-"} | device, user=said.get("user"), attributes=attributes)
        context = context_of(checkin, asking.NOBODY, snapshot, edge.address(req), edge.clock())
        named = bool(said.get("did"))
        if not named:
            context = replace(context, device_id="")  # in no share
        adapted: Adapted | None = snapshot.part("adapter").get(program_id)
        found = adapted.delivered(context) if adapted is not None else None
        if found is None:
            raise NotOffered
        delivery, manifest = found
        if named:
            arm = answers.encode((program_id, delivery.gives.release_id, delivery.gives.code))
            asking.observe(edge, snapshot, checkin, context, arm)
        answers.give(resp, manifest)

    on_head = on_get


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/dimina/{program_id}/manifest", Manifest(edge))
