"""What analytics refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class AudienceInvalid(FerryError):
    code = "audience_invalid"
    status = 400
    message = _("The audience is not valid: {reason}")
