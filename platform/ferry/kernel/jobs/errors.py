"""What leases refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class LeaseLost(FerryError):
    code = "lease_lost"
    status = 409
    message = _("Another process has taken over “{name}”. This one stops; nothing needs to be done.")
