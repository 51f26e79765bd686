"""All writes of mini-programs, by what they are about. Each is one act: permission, change, trace.

Whatever a device can see is written inside `publishing()`, whose first statement puts publishers in line; rows loaded
before it are read again behind it.
"""

from miniapps.services.app_secrets import freeze_app_secret, rotate_app_secret, unfreeze_app_secret
from miniapps.services.archive_rows import delete_archive
from miniapps.services.archives import make_due, make_now
from miniapps.services.budgets import set_size_budgets
from miniapps.services.capabilities import add_capability, change_capability, remove_capability
from miniapps.services.categories import set_categories
from miniapps.services.exports import ask_for_export
from miniapps.services.grants import (
    grant_permission,
    reject_permission,
    request_permissions,
    revoke_permission,
    withdraw_request,
)
from miniapps.services.imports import MAX_FILE_BYTES, Imported, Reading, add_import, inspect_export, read_import
from miniapps.services.insight import explain_device, list_exposed
from miniapps.services.invitations import invite, revoke_invitation
from miniapps.services.links import create_link, end_link, sweep_links
from miniapps.services.listings import arrange_program, restore_program, withdraw_program
from miniapps.services.login import LoginSession, exchange_login_code, sweep_login_codes
from miniapps.services.presets import Wish, ask_for_preset
from miniapps.services.previews import create_preview, end_preview, sweep_previews
from miniapps.services.privacy import publish_agreement
from miniapps.services.programs import create_program, set_icon, update_program
from miniapps.services.releases import (
    RolledBack,
    advance_due,
    change_share,
    complete_release,
    pause_release,
    resume_release,
    roll_back_release,
    roll_back_to,
    start_release,
)
from miniapps.services.reviews import (
    approve_version,
    deliver_version,
    promote_version,
    reject_version,
    submit_version,
    withdraw_submission,
)
from miniapps.services.trust import change_exporter, export_key, revoke_exporter, trust_exporter
from miniapps.services.uploads import (
    append_upload,
    create_upload,
    end_upload,
    opened_upload,
    own_upload,
    sweep_uploads,
    sweep_workshop,
)
from miniapps.services.versions import Upload, add_version, check_package, read_upload, upload_version

__all__ = [
    "MAX_FILE_BYTES",
    "Imported",
    "LoginSession",
    "Reading",
    "RolledBack",
    "Upload",
    "Wish",
    "add_capability",
    "add_import",
    "add_version",
    "advance_due",
    "append_upload",
    "approve_version",
    "arrange_program",
    "ask_for_export",
    "ask_for_preset",
    "change_capability",
    "change_exporter",
    "change_share",
    "check_package",
    "complete_release",
    "create_link",
    "create_preview",
    "create_program",
    "create_upload",
    "delete_archive",
    "deliver_version",
    "end_link",
    "end_preview",
    "end_upload",
    "exchange_login_code",
    "explain_device",
    "export_key",
    "freeze_app_secret",
    "grant_permission",
    "inspect_export",
    "invite",
    "list_exposed",
    "make_due",
    "make_now",
    "opened_upload",
    "own_upload",
    "pause_release",
    "promote_version",
    "publish_agreement",
    "read_import",
    "read_upload",
    "reject_permission",
    "reject_version",
    "remove_capability",
    "request_permissions",
    "restore_program",
    "resume_release",
    "revoke_exporter",
    "revoke_invitation",
    "revoke_permission",
    "roll_back_release",
    "roll_back_to",
    "rotate_app_secret",
    "set_categories",
    "set_icon",
    "set_size_budgets",
    "start_release",
    "submit_version",
    "sweep_links",
    "sweep_login_codes",
    "sweep_previews",
    "sweep_uploads",
    "sweep_workshop",
    "trust_exporter",
    "unfreeze_app_secret",
    "update_program",
    "upload_version",
    "withdraw_program",
    "withdraw_request",
    "withdraw_submission",
]
