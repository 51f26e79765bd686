"""What can go wrong with mini-programs, versions and releases, and what to do about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ferry.kernel.errors import FerryError

# What may not be found, marked for the catalog.
THINGS = (
    gettext_noop("archive"),
    gettext_noop("capability"),
    gettext_noop("category"),
    gettext_noop("derived"),
    gettext_noop("generation"),
    gettext_noop("imported version"),
    gettext_noop("invitation"),
    gettext_noop("listing"),
    gettext_noop("mini program"),
    gettext_noop("mini-program"),
    gettext_noop("part"),
    gettext_noop("permission"),
    gettext_noop("plugin use"),
    gettext_noop("preview host"),
    gettext_noop("privacy acceptance"),
    gettext_noop("privacy agreement"),
    gettext_noop("release"),
    gettext_noop("review"),
    gettext_noop("short link"),
    gettext_noop("terms"),
    gettext_noop("trusted exporter"),
    gettext_noop("upload"),
    gettext_noop("version"),
)


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


class PackageRefused(FerryError):
    """`report` in the details says what is wrong, where, and what to do."""

    code = "package_refused"
    status = 422
    message = _("The package was refused: {summary}")


class VersionExists(FerryError):
    code = "version_exists"
    status = 409
    message = _("Version code {version_code} is not above {newest}, the newest of this mini-program. Use a higher one.")


class HostRangeMissing(FerryError):
    code = "host_range_missing"
    status = 422
    message = _(
        "Say which host app versions can open this version, for example"
        ' {{"android": {{"min": "6.0.0", "max": null}}}}, in the request or as host_range in ferry.json.'
    )


class HostRangeInvalid(FerryError):
    code = "host_range_invalid"
    status = 422
    message = _("The host app version range is not valid: {reason}")


class HostRangeMisses(FerryError):
    code = "host_range_misses"
    status = 409
    message = _(
        "Version {version} is for {range_platforms}, and {host_app} runs on {app_platforms}: nobody could open it."
        " Upload the version with a range for one of these platforms."
    )


class NotApproved(FerryError):
    code = "version_not_approved"
    status = 409
    message = _(
        "Version {version} has no approval for {host_app}. Submit it for review, or choose an approved version."
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


class LinkBaseMissing(FerryError):
    code = "link_base_missing"
    status = 409
    message = _("{host_app} has no link base yet, so no link can open it. Set one in the settings of the host app.")


class AgreementInvalid(FerryError):
    code = "agreement_invalid"
    status = 400
    message = _("The privacy agreement is not valid: {reason}")


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


class LinkInvalid(FerryError):
    code = "link_invalid"
    status = 400
    message = _(
        "The {field} of the link is not valid: a path lies inside the package, like pages/order.html, and both are one"
        " line of printable characters."
    )


class TooManyLinks(FerryError):
    code = "too_many_links"
    status = 409
    message = _("The host app has {limit} open links already. End some that nobody needs.")


class NoSuchLink(FerryError):
    code = "no_such_link"
    status = 404
    message = _("There is no such link in this host app.")


class LinkOver(FerryError):
    code = "link_over"
    status = 410
    message = _("The link is over. Open the mini-program from the app itself.")


class UploadGone(FerryError):
    code = "upload_gone"
    status = 410
    message = _("The upload has expired. Begin it again.")


class UploadOffsetWrong(FerryError):
    code = "upload_offset_wrong"
    status = 409
    message = _("The upload stands at byte {offset}. Ask where it stands, and go on from there.")


class UploadIncomplete(FerryError):
    code = "upload_incomplete"
    status = 409
    message = _("Only {offset} of {size} bytes have arrived. Send the rest first.")


class TooManyUploads(FerryError):
    code = "too_many_uploads"
    status = 409
    message = _("You have {limit} open uploads, which is the most. Finish one or throw one away.")


class UploadBusy(FerryError):
    code = "upload_busy"
    status = 423
    message = _("Another request is working on the upload. Try again in a moment.")


class ChecksumWrong(FerryError):
    code = "upload_checksum_wrong"
    status = 460  # what the tus protocol says for it
    message = _("The piece did not arrive as it was sent; nothing of it was kept. Send it again.")


class TusVersionUnknown(FerryError):
    code = "tus_version_unknown"
    status = 412
    message = _("Say in Tus-Resumable that you speak version {version}.")


class UploadTypeWrong(FerryError):
    code = "upload_type_wrong"
    status = 415
    message = _("Send a piece of an upload as {expected}.")


class SourceOnly(FerryError):
    code = "version_source_only"
    status = 409
    message = _(
        "Version {version} is a source tree ({kind}), which no device can run. Compile it, upload the result, and"
        " release that."
    )


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


class DeploymentKeyMissing(FerryError):
    code = "deployment_key_missing"
    status = 400
    message = _("Send the deployment key that the mini-program's page shows for this platform.")


class DeploymentKeyUnknown(FerryError):
    code = "deployment_key_unknown"
    status = 404
    message = _("No active host app has this deployment key. Copy it once more from the mini-program's page.")


class PluginMissing(FerryError):
    code = "plugin_missing"
    status = 409
    message = _(
        "The version uses the plugin {plugin} ({range}), and {host_app} has no full release of it that fits. Release"
        " a fitting version of the plugin there first."
    )


class PluginVersionName(FerryError):
    code = "plugin_version_name"
    status = 422
    message = _(
        "“{name}” cannot name a version of a plugin: others choose it by range. Use three numbers, for example 1.4.0."
    )


class NotInBundle(FerryError):
    code = "not_in_bundle"
    status = 409
    message = _("A preset bundle for {host_app} cannot have the mini-program “{program_id}”: {reason}")


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


class NotOffered(FerryError):
    code = "not_offered"
    status = 404
    message = _("This mini-program is not offered to this device.")
