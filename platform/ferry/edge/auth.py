"""Who is calling: the host app by its public key, the device by its token, the company's server by its secret key."""

from __future__ import annotations

from ferry.edge.errors import AppKeyUnknown, DeviceTokenInvalid, DeviceTokenMissing, NotReady, ServerKeyInvalid
from ferry.edge.snapshot.holder import Snapshots
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.kernel.identity import keys

_MAX_SERVER_KEY = 256


def host_app(snapshots: Snapshots, app_key: bytes) -> HostAppSnapshot:
    """The host app with this public key. Raises AppKeyUnknown; NotReady when nothing is known of any app."""
    snapshot = snapshots.find(app_key)
    if snapshot is None:
        raise AppKeyUnknown if snapshots.ready else NotReady(retry_after=1)
    return snapshot


def device(snapshot: HostAppSnapshot, authorization: bytes) -> DeviceToken | None:
    """The device that `Authorization: Device …` proves; None when no such header came. Raises DeviceTokenInvalid."""
    if not authorization:
        return None
    scheme, _, text = authorization.partition(b" ")
    if scheme.lower() != b"device":
        raise DeviceTokenInvalid
    token = snapshot.app.devices.read(text.strip())
    if token is None:
        raise DeviceTokenInvalid
    return token


def required_device(snapshot: HostAppSnapshot, authorization: bytes) -> DeviceToken:
    """The same where a device token is demanded. Raises DeviceTokenMissing."""
    token = device(snapshot, authorization)
    if token is None:
        raise DeviceTokenMissing
    return token


def is_server(authorization: bytes) -> bool:
    """Whether the caller presents itself as the company's own server."""
    return authorization[:7].lower() == b"server "


def server(snapshot: HostAppSnapshot, authorization: bytes) -> str:
    """The id of the server key in `Authorization: Server …`. Every key is compared, in constant time."""
    text = authorization[7:].strip()
    if not is_server(authorization) or len(text) > _MAX_SERVER_KEY:
        raise ServerKeyInvalid
    given = keys.sha256(text.decode("latin-1"))
    matching = [key_id for key_id, stored in snapshot.app.server_keys if keys.same(stored, given)]
    if not matching:
        raise ServerKeyInvalid
    return matching[0]
