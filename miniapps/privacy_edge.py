"""What a device calls when somebody has accepted the privacy agreement of a mini-program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta, Struct

from ferry.edge import answers
from miniapps.edge_types import ProgramId
from miniapps.records import PRIVACY_ACCEPTED

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp


class Acceptance(Struct, frozen=True):
    """The body of POST /v1/privacy/accept."""

    program: ProgramId
    version: Annotated[int, Meta(ge=1, lt=2**31)]  # of the agreement, as the terms name it


_WAIT_S = 2.5  # two polls
_decoder = msgspec.json.Decoder(Acceptance)


class AcceptPrivacy:
    """POST /v1/privacy/accept, with the device token. Saying it again changes nothing, so it needs no message id."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_post(self, req: Request, resp: Response) -> None:
        """`stored` is false where the host app requires consent to analytics and the device has not given it, and
        where the host app offers no such program. Either way the device need not say it again.
        """
        edge = self._edge
        snapshot, token = edge.from_device(req)
        said = await edge.said(req, _decoder)
        if said.program not in snapshot.part("program"):  # another edge may have offered it a second ago
            await edge.snapshots.next_poll(_WAIT_S)
            snapshot = edge.host_app(req)
        app = snapshot.app
        stored = app.stores(token) and said.program in snapshot.part("program")
        if stored:
            record = {
                **edge.stamp(snapshot),
                "device": token.device_id,
                "user": token.user or "",
                "program": said.program,
                "version": said.version,
            }
            await edge.journal.append(PRIVACY_ACCEPTED, answers.encode(record))
        answers.give(resp, {"stored": stored})


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/v1/privacy/accept", AcceptPrivacy(edge))
