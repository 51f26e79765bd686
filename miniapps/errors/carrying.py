"""What can go wrong with preset bundles, exports and imports, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import FerryError


class NotInBundle(FerryError):
    code = "not_in_bundle"
    status = 409
    message = _("A preset bundle for {host_app} cannot have the mini-program “{program_id}”: {reason}")


class NothingForBundle(NotInBundle):
    message = _(
        "A preset bundle for {host_app} would be empty: no mini-program there goes to everybody in a version that the"
        " build can open. Release one to everybody there first."
    )


class TooMuchForBundle(NotInBundle):
    message = _(
        "{found} mini-programs go to everybody in {host_app}, and a preset bundle holds at most {limit}. Name those"
        " that you want in it."
    )


class ArchiveNotMade(FerryError):
    code = "archive_not_made"
    status = 409
    message = _("The file is not there: it is {state}. Ask for it again, or wait until it is made.")


class ExportRefused(FerryError):
    code = "export_refused"
    status = 422
    message = _("The file cannot be imported: {reason}")


class ExporterNotTrusted(FerryError):
    """The details hold the fingerprint to compare with what the exporter says."""

    code = "exporter_not_trusted"
    status = 409
    message = _(
        "This workspace does not trust the key {fingerprint} of “{workspace}”."
        " Compare it with what the exporter says, then trust it."
    )


class FingerprintDiffers(FerryError):
    code = "fingerprint_differs"
    status = 409
    message = _("The key's fingerprint is {fingerprint}, not the one given. Ask the exporter for the right one.")


class AlreadyTrusted(FerryError):
    code = "already_trusted"
    status = 409
    message = _("The key {fingerprint} is trusted already. Change what its approvals count for, or revoke it first.")


class WrongWorkspace(FerryError):
    code = "export_wrong_workspace"
    status = 409
    message = _("The file is not for this workspace: {reason}")


class AlreadyImported(FerryError):
    code = "already_imported"
    status = 409
    message = _("Version {version} of {program_id} is here already, with the same bytes. Nothing was changed.")
