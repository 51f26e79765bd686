"""What a device calls to be known: registration, and who uses it.

Ids and tokens are made from the request alone (ferry.edge.tokens), so nothing here asks a database; a 2xx means that
the journal holds the report. Sending the same message_id again gives the same device and counts once; a device that
has something new to say of itself sends its token along, and a new message_id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta, Struct

from analytics.consent import Consent
from ferry.edge import answers, auth
from ferry.edge.snapshot.hostapp import HostAppSnapshot
from ferry.edge.tokens import DeviceToken
from ferry.edge.usertoken import verified_user
from ferry.kernel.errors import Invalid
from ferry.kernel.ids import LONGEST_USER

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

MessageId = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
DeviceId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
UserId = Annotated[str, Meta(min_length=1, max_length=LONGEST_USER)]
Short = Annotated[str, Meta(max_length=64)]
Platform = Literal["ios", "android", "harmony", "web"]
Said = TypeVar("Said")


class Registration(Struct, frozen=True):
    """The body of POST /v1/devices."""

    message_id: MessageId
    platform: Platform
    os: Short = ""
    model: Short = ""
    host_version: Short = ""
    network: Annotated[str, Meta(max_length=16)] = ""
    locale: Annotated[str, Meta(max_length=35)] = ""
    user: Annotated[str, Meta(max_length=LONGEST_USER)] | None = (
        None  # a claim: good for analytics, never for deliveries
    )
    consent: Consent | None = None


class Binding(Struct, frozen=True):
    """The body of POST /v1/devices/bind: `user_token` from a device, `device` and `user` from the company's server."""

    message_id: MessageId
    user_token: Annotated[str, Meta(max_length=4096)] = ""
    device: DeviceId | None = None
    user: UserId | None = None


class Unbinding(Struct, frozen=True):
    """The body of POST /v1/devices/unbind; the company's server names the device."""

    message_id: MessageId
    device: DeviceId | None = None


_registration = msgspec.json.Decoder(Registration)
_binding = msgspec.json.Decoder(Binding)
_unbinding = msgspec.json.Decoder(Unbinding)


class Devices:
    """POST /v1/devices: a device id and a device token for an installation."""

    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def on_post(self, req: Request, resp: Response) -> None:
        """Where consent is required and missing, the device gets its token and nothing of it is stored.

        A consent that is refused or taken back is stored all the same, alone: it must empty what an older yes filled.
        With its device token a device stays who it is, and its user, whatever message_id the new report has.
        """
        edge = self._edge
        snapshot = edge.host_app(req)
        edge.pass_limit(req)
        known = edge.device(req, snapshot)
        said = await edge.said(req, _registration)
        app = snapshot.app
        stamp = edge.stamp(snapshot)
        device, user = (known.device_id, known.user) if known else (app.devices.device_id(said.message_id), None)
        token = DeviceToken(device, stamp["at"], user, said.consent is not None and said.consent.analytics)
        stored = app.stores(token)
        if stored or said.consent is not None:
            record = {
                **stamp,
                "device": token.device_id,
                "message_id": said.message_id,
                "consent": None if said.consent is None else msgspec.to_builtins(said.consent),
            }
            await edge.journal.append("device", answers.encode(record | (_about(said) if stored else {})))
        answers.give(resp, {"device": {"id": token.device_id}, "token": app.devices.issue(token), "stored": stored})


def _about(said: Registration) -> dict[str, str]:
    """What the device says of itself."""
    return {
        "platform": said.platform,
        "os": said.os,
        "model": said.model,
        "host_version": said.host_version,
        "network": said.network,
        "locale": said.locale,
        "user": said.user or "",
    }


class _UserOfDevice:
    def __init__(self, edge: EdgeApp) -> None:
        self._edge = edge

    async def _heard(
        self, req: Request, decoder: msgspec.json.Decoder[Said]
    ) -> tuple[HostAppSnapshot, Said, DeviceToken | None]:
        """The host app, what is said, and the device that says it; None: the company's own server does."""
        edge = self._edge
        snapshot = edge.host_app(req)
        edge.pass_limit(req)
        authorization = edge.authorization(req)
        said = await edge.said(req, decoder)
        if auth.is_server(authorization):
            auth.server(snapshot, authorization)
            return snapshot, said, None
        return snapshot, said, auth.required_device(snapshot, authorization)

    async def _record(self, kind: str, snapshot: HostAppSnapshot, token: DeviceToken, by: str, **what: Any) -> None:
        """Store a bind or unbind, unless nothing of this device may be stored. The company's server may always."""
        if by != "server" and not snapshot.app.stores(token):
            return
        record = {**self._edge.stamp(snapshot), "device": token.device_id, **what, "by": by}
        await self._edge.journal.append(kind, answers.encode(record))

    def _give(self, resp: Response, snapshot: HostAppSnapshot, old: DeviceToken, user: str | None) -> None:
        token = DeviceToken(old.device_id, int(self._edge.clock() * 1000), user, old.consented)
        answers.give(resp, {"device": {"id": old.device_id}, "user": user, "token": snapshot.app.devices.issue(token)})


class Bind(_UserOfDevice):
    """POST /v1/devices/bind: a verified user for a device, by a user token or by the company's own server."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answers a new device token that carries the verified user."""
        snapshot, said, token = await self._heard(req, _binding)
        if token is None:
            if said.device is None or said.user is None:
                raise Invalid(reason="a server names both “device” and “user”")
            token, user, by = DeviceToken(said.device, 0), said.user, "server"
        else:
            app, now = snapshot.app, self._edge.clock()
            user = verified_user(said.user_token, keys=app.user_token_keys, app_key=app.app_key, now=now)
            by = "user_token"
        await self._record("bind", snapshot, token, by, message_id=said.message_id, user=user)
        self._give(resp, snapshot, token, user)


class Unbind(_UserOfDevice):
    """POST /v1/devices/unbind: nobody uses this device any more (sign-out)."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answers a device token without a user; the old one should be forgotten."""
        snapshot, said, token = await self._heard(req, _unbinding)
        by = "user_token"
        if token is None:
            if said.device is None:
                raise Invalid(reason="a server names the “device”")
            token, by = DeviceToken(said.device, 0), "server"
        await self._record("unbind", snapshot, token, by, message_id=said.message_id, user=token.user or "")
        self._give(resp, snapshot, token, None)


def add_routes(edge: EdgeApp) -> None:
    """Registered in analytics.apps."""
    edge.add_route("/v1/devices", Devices(edge))
    edge.add_route("/v1/devices/bind", Bind(edge))
    edge.add_route("/v1/devices/unbind", Unbind(edge))
