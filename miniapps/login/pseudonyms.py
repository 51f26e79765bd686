"""The names under which mini-programs know users: openid for one program, unionid for a workspace.

HMAC-SHA256 under a key of the workspace, derived from the master secret: stable for as long as the platform's secret
is, the same on every site, and stored nowhere. Two programs cannot find out by openid that they have the same user.
Test and production differ: whoever can sign in as anybody in a test app learns nobody's name in production.
"""

from __future__ import annotations

import base64
import hmac

from ferry.kernel import secrets

_BYTES = 20  # 160 bits: no two users meet, and nobody finds a user by trying


def openid(*, workspace_id: str, environment: str, program_row_id: str, user: str) -> str:
    """Who the user is to one mini-program. `program_row_id` is the row's, which no other program ever gets."""
    return "o" + _pseudonym(workspace_id, "openid", environment, program_row_id, user)


def unionid(*, workspace_id: str, environment: str, user: str) -> str:
    """Who the user is to every mini-program of the workspace."""
    return "u" + _pseudonym(workspace_id, "unionid", environment, user)


def _pseudonym(workspace_id: str, *said: str) -> str:
    key = secrets.derive(f"mini-program-users|{workspace_id}")
    message = "\0".join(said).encode()  # no part can hold a NUL: see ferry.edge.usertoken
    return base64.b32encode(hmac.digest(key, message, "sha256")[:_BYTES]).decode().lower()
