"""Authorization codes: made by an edge without a database, read by the site. Pure but for the master secret.

A code is sealed, not only signed: the mini-program's page holds it, and must not learn from it who the user is. That
it is used once is the site's matter (miniapps.services.login): the edge has nowhere to remember it.
"""

from __future__ import annotations

import base64

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from ferry.kernel import ids, secrets

LIFE_S = 300
LONGEST = 1024  # characters
_PREFIX = "lc_"  # tells what leaked when one turns up in a log
_PURPOSE = "mini-program-login-code"


class LoginCode(msgspec.Struct, frozen=True, array_like=True):
    """What a code says. Sealed as a JSON array in this order."""

    id: str  # used once
    workspace_id: str
    host_app_id: str
    environment: str
    program_id: str
    user: str  # verified, as the company's own server names them


def new_code(*, workspace_id: str, host_app_id: str, environment: str, program_id: str, user: str, now: float) -> str:
    """A code for one program, host app and user, good for LIFE_S seconds. `now` is seconds since the epoch."""
    code = LoginCode(ids.new(), workspace_id, host_app_id, environment, program_id, user)
    return _PREFIX + _box().encrypt_at_time(msgspec.json.encode(code), int(now)).decode()


def read_code(text: str, *, now: float) -> LoginCode | None:
    """What a code says; None when it is none of ours, was changed, or is older than LIFE_S."""
    if len(text) > LONGEST or not text.startswith(_PREFIX) or not text.isascii():
        return None
    try:
        sealed = _box().decrypt_at_time(text.removeprefix(_PREFIX).encode(), LIFE_S, int(now))
        return _decoder.decode(sealed)
    except (InvalidToken, msgspec.DecodeError):
        return None


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secrets.derive(_PURPOSE)))


_decoder = msgspec.json.Decoder(LoginCode)
