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
    from ferry.edge.snapshot.hostapp import HostAppSnapshot
    from miniapps.snapshot_load import Program


class Acceptance(Struct, frozen=True):
    """The body of POST /v1/privacy/accept."""

    program: ProgramId
    version: Annotated[int, Meta(ge=1, lt=2**31)]  # of the agreement, as the terms name it


class _Privacy(Struct, frozen=True):
    version: int


class _Terms(Struct, frozen=True):
    privacy: _Privacy | None = None


class _Told(Struct, frozen=True):
    """What is asked here of the entry in "terms" that a check-in sends."""

    terms: _Terms


_told = msgspec.json.Decoder(_Told)
_WAIT_S = 2.5  # two polls
_decoder = msgspec.json.Decoder(Acceptance)


class AcceptPrivacy:
    """POST /v1/privacy/accept, with the device token. Saying it again changes nothing, so it needs no message id."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_post(self, req: Request, resp: Response) -> None:
        """`stored` is false where the host app requires consent to analytics and the device has not given it, and
        where the host app has published no such program or agreement. Either way the device need not say it again.
        """
        edge = self._edge
        snapshot, token = edge.from_device(req)
        said = await edge.said(req, _decoder)
        if not _is_published(snapshot, said):  # another edge may have told of it a second ago
            await edge.snapshots.next_poll(_WAIT_S)
            snapshot = edge.host_app(req)
        app = snapshot.app
        stored = app.stores(token) and _is_published(snapshot, said)
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


def _is_published(snapshot: HostAppSnapshot, said: Acceptance) -> bool:
    """Whether there is such an agreement. Where the program is offered to nobody now, the loader has to find out."""
    program: Program | None = snapshot.part("program").get(said.program)
    if program is None or not program.steps:
        return program is not None
    told = [_told.decode(terms.entry).terms.privacy for terms in program.terms.values()]
    return said.version <= max((privacy.version for privacy in told if privacy is not None), default=0)


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/v1/privacy/accept", AcceptPrivacy(edge))
