"""What the edge refuses, and what a device should do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class AppKeyUnknown(FerryError):
    code = "app_key_unknown"
    status = 401
    message = _("Send the public key of an active host app as “X-App-Key”.")


class DeviceTokenInvalid(FerryError):
    code = "device_token_invalid"
    status = 401
    message = _("The device token is not valid for this device. Register once more with POST /v1/devices.")


class DeviceTokenMissing(FerryError):
    code = "device_token_missing"
    status = 401
    message = _("Send the device token as “Authorization: Device …”; POST /v1/devices gives one.")


class UserTokenInvalid(FerryError):
    code = "user_token_invalid"
    status = 401
    message = _("The user token is not valid: {reason}. Ask your own server for a new one.")


class ServerKeyInvalid(FerryError):
    code = "server_key_invalid"
    status = 401
    message = _("Send a secret server key of this host app as “Authorization: Server …”.")


class EncodingNotSupported(FerryError):
    code = "encoding_not_supported"
    status = 415
    message = _("Send the body as it is, without Content-Encoding.")


class NoSuchPath(FerryError):
    code = "not_found"
    status = 404
    message = _("There is nothing at this address.")


class MethodNotAllowed(FerryError):
    code = "method_not_allowed"
    status = 405
    message = _("This address does not take {method}.")


class NotReady(FerryError):
    code = "not_ready"
    status = 503
    message = _("This process has not read any published state yet. Try again in {retry_after} seconds.")


class RequestRefused(FerryError):
    code = "request_refused"
    status = 400
    message = _("The request cannot be understood: {reason}")


class ClientGone(Exception):
    """The other side closed the connection before its request was complete; nobody reads an answer."""
