"""Stream tickets: what a browser puts into the stream's address instead of a token that would live on in logs. Pure.

An EventSource sends no headers. A ticket is good for one minute and for nothing but this device's stream; it names
the host app by its id, so that no key stands in an address.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from ferry.edge.tokens import DeviceKeys, DeviceToken

LIFE_S = 60
_MAX_TICKET = 1024
_MAC = 32  # bytes of HMAC-SHA256
_PURPOSE = b"stream-ticket\0"


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What a ticket says. On the wire a JSON array in this order."""

    host_app_id: str
    device_id: str
    expires_ms: int
    user: str | None = None

    @property
    def token(self) -> DeviceToken:
        """The device that it stands for."""
        return DeviceToken(self.device_id, 0, self.user)


_decoder = msgspec.json.Decoder(Ticket)


def issue(keys: DeviceKeys, host_app_id: str, token: DeviceToken, *, now: float) -> str:
    """A ticket for the stream of the token's device."""
    ticket = Ticket(host_app_id, token.device_id, int((now + LIFE_S) * 1000), token.user)
    payload = msgspec.json.encode(ticket)
    return f"{_base64(payload)}.{_base64(_mac(keys, payload))}"


def host_app_of(text: str) -> str:
    """Whose ticket this claims to be: tells which key to check it with. "" when it is no ticket at all."""
    parts = _parts(text)
    return "" if parts is None else parts[0].host_app_id


def read(keys: DeviceKeys, text: str, *, now: float) -> Ticket | None:
    """What the ticket says, or None when it was not made with these keys or its minute is over."""
    parts = _parts(text)
    if parts is None:
        return None
    ticket, payload, mac = parts
    if not hmac.compare_digest(mac, _mac(keys, payload)) or ticket.expires_ms <= now * 1000:
        return None
    return ticket


def _parts(text: str) -> tuple[Ticket, bytes, bytes] | None:
    if len(text) > _MAX_TICKET or not text.isascii():
        return None
    head, _, tail = text.partition(".")
    try:
        payload, mac = _bytes(head), _bytes(tail)
        ticket = _decoder.decode(payload)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    return (ticket, payload, mac) if len(mac) == _MAC else None


def _mac(keys: DeviceKeys, payload: bytes) -> bytes:
    return hmac.digest(keys.key, _PURPOSE + payload, "sha256")


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
