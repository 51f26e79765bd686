"""What analytics refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ferry.kernel.errors import FerryError

# What may not be found, marked for the catalog.
THINGS = (
    gettext_noop("band"),
    gettext_noop("churn model"),
    gettext_noop("churn run"),
    gettext_noop("churn score"),
    gettext_noop("churn setting"),
    gettext_noop("device"),
    gettext_noop("import of events"),
    gettext_noop("segment"),
)


class AudienceInvalid(FerryError):
    code = "audience_invalid"
    status = 400
    message = _("The audience is not valid: {reason}")
