"""Device ids and device tokens: made and checked without a query. Pure.

The key is per host app and lives sealed in its snapshot, so a token of one app opens nothing in another. A token says
who the device is, which verified user is bound to it, and whether the user has agreed to analytics. docs/edge-api.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ferry.kernel.ids import LENGTH

_MAX_TOKEN = 1024
_MAC = 32  # bytes of HMAC-SHA256
_ID_PURPOSE = b"device-id\0"
_TOKEN_PURPOSE = b"device-token\0"
_FROM_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
_BLOCK = 64  # bytes of SHA-256


class DeviceToken(msgspec.Struct, frozen=True, array_like=True):
    """What a device token says. On the wire a JSON array in this order."""

    device_id: str
    issued_ms: int
    user: str | None = None
    consented: bool = False  # the user agreed to analytics when this token was given


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """The secret of one host app and what it is good for."""

    key: bytes = field(repr=False)
    app_key: str
    _inner: Any = field(init=False, repr=False, compare=False)
    _outer: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # HMAC (RFC 2104) begins with the same two blocks for every token: hashed once, copied for each. hmac.digest
        # sets all of OpenSSL's machinery up anew and takes twice as long.
        key = (self.key if len(self.key) <= _BLOCK else hashlib.sha256(self.key).digest()).ljust(_BLOCK, b"\0")
        object.__setattr__(self, "_inner", hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + _TOKEN_PURPOSE))
        object.__setattr__(self, "_outer", hashlib.sha256(bytes(byte ^ 0x5C for byte in key)))

    def device_id(self, message_id: str) -> str:
        """The id of the device that registers with `message_id`: the same message, the same id (idempotent)."""
        digest = hmac.digest(self.key, _ID_PURPOSE + f"{self.app_key}|{message_id}".encode(), "sha256")
        return base64.b32encode(digest).decode()[:LENGTH].lower()

    def issue(self, token: DeviceToken) -> str:
        """The token as text."""
        payload = msgspec.json.encode(token)
        return f"{_base64(payload)}.{_base64(self._mac(payload))}"

    def read(self, text: bytes) -> DeviceToken | None:
        """What a token says, or None when it is not one of ours."""
        if len(text) > _MAX_TOKEN:
            return None
        head, _, tail = text.translate(_FROM_URLSAFE).partition(b".")
        try:
            payload, mac = binascii.a2b_base64(head + b"=="), binascii.a2b_base64(tail + b"==")
        except binascii.Error:
            return None
        if len(mac) != _MAC or not hmac.compare_digest(mac, self._mac(payload)):
            return None
        try:
            return _decoder.decode(payload)
        except msgspec.DecodeError:  # ours, but of a form that this version does not know
            return None

    def _mac(self, payload: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        mac: bytes = outer.digest()
        return mac


_decoder = msgspec.json.Decoder(DeviceToken)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
