"""User tokens: a JWT of at most ten minutes, signed by the company's own server, that says who uses a device.

The key is chosen by kid and only its own algorithm is accepted, so neither "none" nor a public key used as an HMAC
secret gets in (RFC 8725 section 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping

import jwt

from ferry.edge.errors import UserTokenInvalid
from ferry.edge.snapshot.hostapp import UserTokenKey
from ferry.kernel.ids import LONGEST_USER

LONGEST_LIFE_S = 600
LEEWAY_S = 30  # clocks differ
_MAX_TOKEN = 4096


def verified_user(token: str, *, keys: Mapping[str, UserTokenKey], app_key: str, now: float) -> str:
    """The user that `token` names for this host app. Raises UserTokenInvalid with the reason."""
    if len(token) > _MAX_TOKEN:
        raise UserTokenInvalid(reason=f"it is longer than {_MAX_TOKEN} characters")
    claims = _claims(token, keys, app_key)
    issued, expires = _number(claims, "iat"), _number(claims, "exp")
    if expires - issued > LONGEST_LIFE_S:
        raise UserTokenInvalid(reason=f"it lives longer than {LONGEST_LIFE_S} seconds")
    if issued > now + LEEWAY_S:
        raise UserTokenInvalid(reason="its “iat” lies in the future")
    if expires <= now - LEEWAY_S:
        raise UserTokenInvalid(reason="it has expired")
    user = claims.get("sub")
    if not isinstance(user, str) or not 0 < len(user) <= LONGEST_USER or "\0" in user or not user.isprintable():
        raise UserTokenInvalid(reason=f"“sub” must be 1 to {LONGEST_USER} printable characters")
    return user


def _claims(token: str, keys: Mapping[str, UserTokenKey], app_key: str) -> dict[str, object]:
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        key = keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise UserTokenInvalid(reason="its “kid” names no user-token key of this host app")
        claims: dict[str, object] = jwt.decode(
            token,
            key.key,
            algorithms=[key.alg],
            audience=app_key,
            options={
                "require": ["sub", "aud", "iat", "exp"],
                "verify_exp": False,  # by our own clock, above
                "verify_iat": False,
                "strict_aud": True,
            },
        )
    except jwt.InvalidAudienceError:
        raise UserTokenInvalid(reason="“aud” must be the key of this host app") from None
    except jwt.MissingRequiredClaimError as missing:
        raise UserTokenInvalid(reason=f"“{missing.claim}” is missing") from None
    except jwt.InvalidAlgorithmError:
        raise UserTokenInvalid(reason="its algorithm is not the one of its key") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise UserTokenInvalid(reason="it is no JWT that its key has signed") from None
    return claims


def _number(claims: dict[str, object], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise UserTokenInvalid(reason=f"“{name}” must be seconds since 1970")
    return float(value)
