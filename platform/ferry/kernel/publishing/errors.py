"""What publishing refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class SetMissing(FerryError):
    code = "set_missing"
    status = 409
    message = _("A stored list that this change refers to is gone. Save the list again, then repeat the change.")
