"""The one shape of an error in Ferry: a code, a status, a sentence that says what to do.

Every app keeps its own in `<app>/errors.py`. Doors translate them once: ferry.kernel.api for the management API,
ferry.edge.app for devices, console.views for pages. docs/errors.md lists every code and a test keeps it complete.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def gettext_noop(word: str) -> str:
    """Marks a word for the catalog. Django's own asks for settings, which a process that only appends has none of."""
    return word


# What may not be found, marked for the catalog; each app has its own.
THINGS = (
    gettext_noop("account"),
    gettext_noop("address"),
    gettext_noop("api token"),
    gettext_noop("audit entry"),
    gettext_noop("host app"),
    gettext_noop("host app key"),
    gettext_noop("idempotency key"),
    gettext_noop("member"),
    gettext_noop("signing key"),
    gettext_noop("token"),
    gettext_noop("workspace"),
)


class FerryError(Exception):
    """A refusal that names its code, its HTTP status and what the caller can do.

    Keyword arguments fill the braces of `message` and travel as `details`; they must be JSON values and never secrets.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 400
    message: ClassVar[str | Promise] = _("The request could not be carried out.")

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.text())

    def text(self) -> str:
        """The message in the active language, with the details filled in."""
        return str(self.message).format_map(_Details(self.details))

    def body(self, request_id: str = "") -> dict[str, Any]:
        """The JSON body that every door answers with."""
        return {
            "error": {
                "code": self.code,
                "message": self.text(),
                "details": self.details,
                "request_id": request_id,
            }
        }


class _Details(dict[str, Any]):
    """A missing detail shows its own name: a wrong message must never hide the refusal itself."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class NotFound(FerryError):
    """`kind` names what is missing, in English: one of THINGS of this module or of an app's errors.py."""

    code = "not_found"
    status = 404
    message = _("There is no such {kind} here. Check the identifier and the workspace of your token.")

    def text(self) -> str:
        kind = str(self.details.get("kind") or "address")
        return str(self.message).format_map(_Details(self.details | {"kind": gettext(kind)}))


class NotAllowed(FerryError):
    code = "not_allowed"
    status = 403
    message = _("This needs the right “{right}”. Ask an administrator of the workspace for a role that has it.")


class Unauthenticated(FerryError):
    code = "unauthenticated"
    status = 401
    message = _("Send a valid API token as “Authorization: Bearer …”.")


class Invalid(FerryError):
    code = "invalid"
    status = 400
    message = _("The request is not valid: {reason}")


class Conflict(FerryError):
    code = "conflict"
    status = 409
    message = _("{reason}")


class TooLarge(FerryError):
    code = "too_large"
    status = 413
    message = _("The body is larger than {limit} bytes. Send less.")


class RateLimited(FerryError):
    code = "rate_limited"
    status = 429
    message = _("Too many requests. Try again in {retry_after} seconds.")


class Overloaded(FerryError):
    code = "overloaded"
    status = 503
    message = _("The service is busy. Try again in {retry_after} seconds.")
