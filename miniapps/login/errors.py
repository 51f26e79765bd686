"""What can go wrong with mini-program login, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class UserNotBound(FerryError):
    code = "user_not_bound"
    status = 403
    message = _("No verified user is bound to this device. Bind one with POST /v1/devices/bind, then ask again.")


class ProgramUnavailable(FerryError):
    code = "mini_program_unavailable"
    status = 404
    message = _("This mini-program is not offered here.")


class LoginCodeInvalid(FerryError):
    code = "login_code_invalid"
    status = 400
    message = _(
        "The code is not valid for this mini-program, or older than {minutes} minutes. Ask the host app for a new one."
    )


class LoginCodeUsed(FerryError):
    code = "login_code_used"
    status = 409
    message = _("The code was used before. Ask the host app for a new one.")


class AppSecretInvalid(FerryError):
    code = "app_secret_invalid"
    status = 401
    message = _("The app secret is not valid for this mini-program. Use the newest one.")


class AppSecretFrozen(FerryError):
    code = "app_secret_frozen"
    status = 403
    message = _("The app secret is frozen. Whoever froze it can unfreeze it, in the console or by API.")


class NoAppSecret(FerryError):
    code = "no_app_secret"
    status = 409
    message = _("The mini-program has no app secret. Make one first.")
