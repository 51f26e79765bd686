"""What devices of other protocols are told, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class AppKeyNotInAddress(FerryError):
    """The edge's own app_key_unknown for a client that sends no headers."""

    code = "app_key_unknown"
    status = 401
    message = _(
        "Add the public key of an active host app to the address that the host asks:"
        " ?app_key=…&did=…&platform=…&version=…"
    )


class DeploymentKeyMissing(FerryError):
    code = "deployment_key_missing"
    status = 400
    message = _("Send the deployment key that the mini-program's page shows for this platform.")


class DeploymentKeyUnknown(FerryError):
    code = "deployment_key_unknown"
    status = 404
    message = _("No active host app has this deployment key. Copy it once more from the mini-program's page.")


class NotOffered(FerryError):
    code = "not_offered"
    status = 404
    message = _("This mini-program is not offered to this device.")
