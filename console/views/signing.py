"""Signing keys: which count, which sign, and the two acts on them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.views.base import WorkspacePage
from ferry.kernel.identity.rights import Right
from ferry.kernel.signing import selectors, services
from ferry.kernel.signing.models import Purpose


class SigningKeys(WorkspacePage):
    """All signing keys, by what they sign; the root key to build into an app."""

    section = "signing"
    template = "console/signing.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        keys = list(selectors.all_keys(self.workspace))
        groups = [(purpose, [key for key in keys if key.purpose == purpose]) for purpose in Purpose.values]
        return self.page({"groups": groups})


class Rotate(WorkspacePage):
    """Sign with a new key."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, purpose: str) -> HttpResponse:
        """Replace the key of this purpose and return."""
        with self.refusals():
            key = services.rotate_key(actor=self.actor, purpose=purpose)
            self.said(_("Key {kid} signs from now on. The one before still counts.").format(kid=key.kid))
        return self.go("signing")


class Revoke(WorkspacePage):
    """Distrust a key."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, kid: str) -> HttpResponse:
        """Revoke and return."""
        key = selectors.key(self.workspace, kid)
        with self.refusals():
            services.revoke_key(actor=self.actor, kid=key.kid)
            self.said(_("Key {kid} is revoked. What is released is signed again.").format(kid=key.kid))
        return self.go("signing")
