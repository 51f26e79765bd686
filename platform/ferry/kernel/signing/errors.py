"""What signing refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class NoSigningKey(FerryError):
    code = "no_signing_key"
    status = 409
    message = _("The workspace has no key for “{purpose}” yet. Call ensure_keys for it, or wait for the next minute.")
