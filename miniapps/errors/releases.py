"""What can go wrong with releases, trials and withdrawing, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class NotApproved(FerryError):
    code = "version_not_approved"
    status = 409
    message = _(
        "Version {version} has no approval for {host_app}. Submit it for review, or choose an approved version."
    )


class HostAppInactive(FerryError):
    code = "host_app_inactive"
    status = 409
    message = _("{host_app} is switched off. Switch it on before you release to it.")


class PlanInvalid(FerryError):
    code = "plan_invalid"
    status = 400
    message = _("The release plan is not valid: {reason}")


class MoveNotAllowed(FerryError):
    code = "move_not_allowed"
    status = 409
    message = _("{kind_words}, {state_words}: {act_words} is not possible. Reload it to see where it stands now.")


class NotATrial(FerryError):
    code = "not_a_trial"
    status = 409
    message = _("Only a trial that is open has invitations. Start a trial of this version, or take an open one.")


class TooManyInvitations(FerryError):
    code = "too_many_invitations"
    status = 409
    message = _("The trial has {limit} open invitations already. End one before you make another.")


class AlreadyReleased(FerryError):
    code = "already_released"
    status = 409
    message = _("Version {version} is already what everybody in {host_app} gets.")


class AlreadyWithdrawn(FerryError):
    code = "already_withdrawn"
    status = 409
    message = _("The mini-program {program_id} is already withdrawn from {host_app}.")


class NotWithdrawn(FerryError):
    code = "not_withdrawn"
    status = 409
    message = _("The mini-program {program_id} is not withdrawn from {host_app}.")
