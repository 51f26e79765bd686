"""The provider token: an ES256 JWT of {iss: team, iat}. Pure.

Apple wants it renewed not more often than every 20 minutes and not later than after 60, and counts for the whole
team. So `iat` lies on a grid of 40 minutes and the signature is deterministic (RFC 6979): every worker, and a worker
that has just been restarted, makes the same token without asking anybody.
"""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

LIFE_S = 2400
SHORTEST_S = 1200
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of a .p8 file. Raises ValueError when it is not a P-256 private key."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as wrong:  # it wants a password
        raise ValueError(str(wrong)) from wrong
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 private key")
    return key


class ProviderToken:
    """The current token of one account."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, *, team_id: str, key_id: str) -> None:
        self._key, self._team, self._kid = key, team_id, key_id
        self._issued = 0
        self._text = ""

    def text(self, now: float) -> str:
        """The token to use now (epoch seconds)."""
        grid = int(now // LIFE_S * LIFE_S)
        if grid > self._issued and now - self._issued >= SHORTEST_S:
            self._text, self._issued = self._sign(grid), grid
        return self._text

    def refused(self, now: float) -> bool:
        """Apple calls the token expired. True: there is a new one now. False: the last one is younger than 20 minutes,
        so it is this machine's clock that is wrong."""
        if now - self._issued < SHORTEST_S:
            return False
        self._text, self._issued = self._sign(int(now)), int(now)
        return True

    def _sign(self, issued: int) -> str:
        head = _part({"alg": "ES256", "kid": self._kid})
        signed = head + b"." + _part({"iss": self._team, "iat": issued})
        r, s = decode_dss_signature(self._key.sign(signed, _SIGN))
        return (signed + b"." + _base64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode()


def _part(value: dict[str, object]) -> bytes:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
