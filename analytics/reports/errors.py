"""What analytics refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError, Overloaded


class AudienceInvalid(FerryError):
    code = "audience_invalid"
    status = 400
    message = _("The audience is not valid: {reason}")


class ReportInvalid(FerryError):
    code = "report_invalid"
    message = _("The question cannot be asked like this: {reason}")


class ReportTooHeavy(FerryError):
    code = "report_too_heavy"
    status = 422
    message = _("This would read more than one answer may. Ask for fewer days, or filter.")


class ReportsBusy(Overloaded):
    code = "reports_busy"
    message = _("Other reports are being made. Try again in {retry_after} seconds.")
