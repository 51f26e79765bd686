"""What can go wrong with reviews and other decisions of people, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class HostRangeMisses(FerryError):
    code = "host_range_misses"
    status = 409
    message = _(
        "Version {version} is for {range_platforms}, and {host_app} runs on {app_platforms}: nobody could open it."
        " Upload the version with a range for one of these platforms."
    )


class NotApprovedInTest(FerryError):
    code = "version_not_approved_in_test"
    status = 409
    message = _(
        "Version {version} is not approved in any test host app of the workspace. Have it approved there first."
    )


class NotProduction(FerryError):
    code = "not_production"
    status = 409
    message = _("{host_app} is a test host app. Promote to a production host app, or submit the version here.")


class AlreadySubmitted(FerryError):
    code = "already_submitted"
    status = 409
    message = _("Version {version} is already {state} for {host_app}.")


class NotSubmitted(FerryError):
    code = "not_submitted"
    status = 409
    message = _("Version {version} is not waiting for review in {host_app}. Submit it first.")


class OwnWork(FerryError):
    code = "own_work"
    status = 403
    message = _("Nobody decides about what he uploaded or submitted. Ask another reviewer of the workspace.")


class ReasonMissing(FerryError):
    code = "reason_missing"
    status = 400
    message = _("Say why, so that the people concerned know what to do next.")
