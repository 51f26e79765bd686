"""What identity refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import Conflict, FerryError, NotAllowed


class SignInRefused(FerryError):
    """One answer for an unknown address, a wrong password and a closed account: none of them may be told apart."""

    code = "sign_in_refused"
    status = 401
    message = _("The e-mail address or the password is wrong.")


class SignInLocked(FerryError):
    code = "sign_in_locked"
    status = 429
    message = _("Too many failed attempts. Wait {minutes} minutes, then try again.")


class PasswordRefused(FerryError):
    code = "password_refused"
    status = 400
    message = _("This password cannot be used: {reason}")


class SlugTaken(Conflict):
    code = "workspace_exists"
    message = _("There is a workspace “{slug}” already. Choose another short name.")


class HostAppExists(Conflict):
    code = "host_app_exists"
    message = _("The workspace has a host app “{name}” in environment {environment} already. Choose another name.")


class AlreadyMember(Conflict):
    code = "already_member"
    message = _("{email} is a member already. Change the roles of that member instead.")


class AccountElsewhere(Conflict):
    code = "account_elsewhere"
    message = _(
        "The account {email} belongs to another workspace too. Ask whoever runs the server: "
        "“manage.py create_admin” adds it here."
    )


class LastAdmin(Conflict):
    code = "last_admin"
    message = _("A workspace needs an administrator. Make somebody else an administrator first.")


class TooMany(Conflict):
    code = "too_many"
    message = _("There are {limit} {kind} already, which is the most. Remove one first.")


class BeyondOwnRights(NotAllowed):
    code = "beyond_own_rights"
    message = _("A token may not carry the right “{right}”, which you do not hold. Choose fewer roles.")


class KeyInvalid(FerryError):
    code = "key_invalid"
    status = 400
    message = _("The public key cannot be used: {reason}")
