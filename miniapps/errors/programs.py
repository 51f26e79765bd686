"""What can go wrong with mini-programs, their categories and their privacy agreements, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class ProgramExists(FerryError):
    code = "program_exists"
    status = 409
    message = _("The workspace already has a mini-program with the id {program_id}. Choose another id.")


class ProgramInvalid(FerryError):
    code = "program_invalid"
    status = 400
    message = _("The mini-program is not valid: {reason}")


class IconRefused(FerryError):
    code = "icon_refused"
    status = 422
    message = _("The icon cannot be used: {reason} Send a square PNG, JPEG or WebP of 512 by 512 pixels.")


class CategoryInvalid(FerryError):
    code = "category_invalid"
    status = 400
    message = _("The category is not valid: {reason}")


class CategoryUnknown(FerryError):
    code = "category_unknown"
    status = 409
    message = _("The workspace keeps a list of categories, and “{category}” is not on it. Take one of: {known}.")


class CategoryInUse(FerryError):
    code = "category_in_use"
    status = 409
    message = _("A mini-program is in the category “{category}”. Keep it on the list, or move the mini-program first.")


class AgreementInvalid(FerryError):
    code = "agreement_invalid"
    status = 400
    message = _("The privacy agreement is not valid: {reason}")
