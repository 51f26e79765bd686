"""What can go wrong with permissions, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class PermissionInvalid(FerryError):
    code = "permission_invalid"
    status = 400
    message = _("The request for permissions is not valid: {reason}")


class DomainRefused(FerryError):
    code = "domain_refused"
    status = 422
    message = _("“{domain}” cannot be granted: {reason}")


class TooManyDomains(FerryError):
    code = "too_many_domains"
    status = 409
    message = _(
        "A version may have at most {limit} domains for “{kind}”. Take some away, or use one name with a star for all"
        " names below it."
    )


class CapabilityUnknown(FerryError):
    code = "capability_unknown"
    status = 409
    message = _("The catalogue has no capability “{name}”. Correct the name, or have an administrator add it.")


class CapabilityExists(FerryError):
    code = "capability_exists"
    status = 409
    message = _("The catalogue has an entry “{name}” of the workspace's own already. Change that one.")


class CapabilityInUse(FerryError):
    code = "capability_in_use"
    status = 409
    message = _("“{name}” is asked for or granted. Reject or revoke that first.")


class PermissionExists(FerryError):
    code = "permission_exists"
    status = 409
    message = _("“{permission}” is asked for or granted already for every version. Leave it out.")


class PermissionClosed(FerryError):
    code = "permission_closed"
    status = 409
    message = _(
        "The permission “{permission}” is {state}: this cannot be done with it now. Reload to see where it stands."
    )
