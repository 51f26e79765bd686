"""What a host app calls for a mini-program that wants to know its user: a code, made without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta, Struct

from ferry.edge import answers
from miniapps.login.codes import LIFE_S, new_code
from miniapps.login.errors import ProgramUnavailable, UserNotBound

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp


class CodeRequest(Struct, frozen=True):
    """The body of POST /v1/login/code."""

    mini_program: Annotated[str, Meta(min_length=1, max_length=64)]


_decoder = msgspec.json.Decoder(CodeRequest)


class LoginCodes:
    """POST /v1/login/code."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_post(self, req: Request, resp: Response) -> None:
        """A code for the device's verified user; a claimed user gets none. Raises UserNotBound, ProgramUnavailable."""
        edge = self._edge
        snapshot, token = edge.from_device(req)
        said = await edge.said(req, _decoder)
        program = snapshot.part("program").get(said.mini_program)
        if program is None or program.withdrawn is not None:
            raise ProgramUnavailable
        if token.user is None:
            raise UserNotBound
        app = snapshot.app
        code = new_code(
            workspace_id=app.workspace_id,
            host_app_id=app.id,
            environment=app.environment,
            program_id=said.mini_program,
            user=token.user,
            now=edge.clock(),
        )
        answers.give(resp, {"code": code, "expires_in": LIFE_S})


def add_routes(edge: EdgeApp) -> None:
    """Registered in miniapps.apps."""
    edge.add_route("/v1/login/code", LoginCodes(edge))
