"""The words and colours of states, roles and kinds, in one table. Pages show them; services never see them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Look = tuple[str | Promise, str]

VOCABULARY: dict[str, dict[str, Look]] = {
    "release": {
        "draft": (_("Draft"), ""),
        "scheduled": (_("Scheduled"), "info"),
        "running": (_("Running"), "good live"),
        "paused": (_("Paused"), "warn"),
        "completed": (_("Completed"), "brand-tone"),
        "rolled_back": (_("Rolled back"), "bad"),
        "superseded": (_("Superseded"), ""),
        "ended": (_("Ended"), ""),
    },
    "kind": {
        "trial": (_("Trial"), "info plain"),
        "gray": (_("Gray"), "warn plain"),
        "full": (_("Everyone"), "brand-tone plain"),
    },
    "review": {
        "none": (_("Not submitted"), ""),
        "submitted": (_("Waiting for review"), "warn"),
        "approved": (_("Approved"), "good"),
        "rejected": (_("Rejected"), "bad"),
        "withdrawn": (_("Submission withdrawn"), ""),
    },
    "reason": {
        "broken": (_("Broken"), ""),
        "content": (_("Content"), ""),
        "privacy": (_("Privacy"), ""),
        "security": (_("Security"), ""),
        "permissions": (_("Permissions"), ""),
        "appearance": (_("Appearance"), ""),
        "performance": (_("Performance"), ""),
        "metadata": (_("Name, icon, description"), ""),
        "other": (_("Other"), ""),
    },
    "link": {
        "open": (_("Open"), "good"),
        "expired": (_("Expired"), ""),
        "ended": (_("Ended"), ""),
    },
    "archive": {
        "due": (_("Being made"), "info live"),
        "made": (_("Ready"), "good"),
        "refused": (_("Could not be made"), "bad"),
    },
    "screen": {
        "small": (_("Small"), ""),
        "usual": (_("Usual"), ""),
        "large": (_("Large"), ""),
        "tablet": (_("Tablet"), ""),
    },
    "version": {
        "uploaded": (_("Uploaded"), ""),
        "ready": (_("Ready"), "good"),
        "refused": (_("Refused"), "bad"),
    },
    "environment": {
        "test": (_("Test"), "info plain"),
        "production": (_("Production"), "brand-tone plain"),
    },
    "platform": {
        "ios": ("iOS", "plain"),
        "android": ("Android", "plain"),
        "harmony": ("HarmonyOS", "plain"),
        "web": ("Web", "plain"),
    },
    "role": {
        "admin": (_("Administrator"), "brand-tone plain"),
        "developer": (_("Developer"), "info plain"),
        "reviewer": (_("Reviewer"), "warn plain"),
        "operator": (_("Operator"), "good plain"),
        "analyst": (_("Analyst"), "plain"),
        "auditor": (_("Auditor"), "plain"),
    },
    "right": {
        "view": (_("See the workspace"), ""),
        "members.manage": (_("Manage members"), ""),
        "apps.manage": (_("Manage host apps"), ""),
        "tokens.manage": (_("Manage API tokens"), ""),
        "versions.upload": (_("Upload versions"), ""),
        "versions.submit": (_("Submit for review"), ""),
        "versions.review": (_("Approve or reject"), ""),
        "permissions.grant": (_("Grant permissions"), ""),
        "secrets.manage": (_("Manage app secrets"), ""),
        "releases.manage": (_("Release and roll back"), ""),
        "programs.withdraw": (_("Withdraw programs"), ""),
        "segments.manage": (_("Manage segments"), ""),
        "devices.view": (_("See devices"), ""),
        "analytics.view": (_("See figures"), ""),
        "push.view": (_("See messages and campaigns"), ""),
        "push.write": (_("Write and send messages"), ""),
        "push.approve": (_("Approve campaigns"), ""),
        "audit.read": (_("Read the audit log"), ""),
    },
    "campaign": {
        "draft": (_("Draft"), ""),
        "pending_approval": (_("Waiting for approval"), "warn"),
        "approved": (_("Approved"), "info"),
        "scheduled": (_("Scheduled"), "info"),
        "sending": (_("Sending"), "good live"),
        "sent": (_("Sent"), "brand-tone"),
        "stopped": (_("Stopped"), "bad"),
        "missed": (_("Missed"), "bad"),
    },
    "audience": {
        "everyone": (_("Everyone"), ""),
        "users": (_("Named users"), ""),
        "segment": (_("A segment"), ""),
        "band": (_("A risk of leaving"), ""),
    },
    "stage": {
        "targeted": (_("Targeted"), ""),
        "eligible": (_("Eligible"), ""),
        "sent": (_("Sent"), ""),
        "accepted": (_("Accepted"), ""),
        "arrived": (_("Arrived"), ""),
        "opened": (_("Opened"), ""),
    },
    "drop": {
        "unverified": (_("The user is not verified"), ""),
        "no_consent": (_("No consent to marketing"), ""),
        "no_profiling": (_("No consent to profiling"), ""),
        "no_address": (_("No channel reaches the device"), ""),
        "held_out": (_("Held out for the comparison"), ""),
        "user_changed": (_("Somebody else uses the device now"), ""),
        "device_gone": (_("The device is gone"), ""),
        "expired": (_("Expired before it could be sent"), ""),
        "stopped": (_("The campaign was stopped"), ""),
        "token_dead": (_("The address is no longer valid"), ""),
        "config_error": (_("The channel's settings are wrong"), ""),
        "refused": (_("The channel refused it"), ""),
        "gave_up": (_("Too many attempts"), ""),
        "quiet_hours": (_("Waits for the end of quiet hours"), ""),
        "retry": (_("Waits for the next attempt"), ""),
    },
    "channel": {
        "own": (_("Own channel"), "plain"),
        "apns": ("APNs", "plain"),
    },
    "arm": {
        "treated": (_("Treated"), ""),
        "held_out": (_("Held out"), ""),
    },
    "band": {
        "high": (_("High risk"), "bad"),
        "medium": (_("Medium risk"), "warn"),
        "low": (_("Low risk"), "good"),
    },
    "model": {
        "recency": (_("Days of silence (rule)"), ""),
        "rfm": (_("Recency, frequency, amount (logistic)"), ""),
        "wide": (_("All features (logistic)"), ""),
        "boosting": (_("Gradient boosting"), ""),
        "mean": (_("Boosting and logistic together"), ""),
    },
    "records": {
        "events": (_("Events"), ""),
        "checkin": (_("Check-ins"), ""),
        "device": (_("Registrations"), ""),
        "bind": (_("Users bound"), ""),
        "unbind": (_("Users unbound"), ""),
        "receipt": (_("Receipts"), ""),
        "address": (_("Push addresses"), ""),
        "import": (_("Imported events"), ""),
        "privacy_accepted": (_("Accepted agreements"), ""),
        "link_opened": (_("Opened links"), ""),
    },
    "refusal": {
        "wrong_type": (_("A field has the wrong type or is too long"), ""),
        "unknown_type": (_("The type is none that Segment knows"), ""),
        "no_name": (_("The event has no name"), ""),
        "no_identity": (_("Neither user nor device is named"), ""),
        "event_too_large": (_("The event is larger than 32 KB"), ""),
        "too_many_events": (_("The batch holds too many events"), ""),
        "nul_character": (_("It holds the character U+0000"), ""),
        "time_invalid": (_("The time cannot be read"), ""),
        "clock_ahead": (_("The clock of the device runs ahead"), ""),
        "clock_behind": (_("It is too old, or the clock is wrong"), ""),
        "no_consent": (_("No consent to analytics"), ""),
    },
    "tab": {
        "trend": (_("Trend"), ""),
        "users": (_("Active users"), ""),
        "funnel": (_("Funnel"), ""),
        "retention": (_("Retention"), ""),
        "live": (_("Live"), ""),
        "timeline": (_("Timeline"), ""),
        "records": (_("Accounting"), ""),
    },
    "stickiness": {
        "deviceId": (_("Device: a phone keeps its version"), ""),
        "userId": (_("User: the same on all of a person's devices"), ""),
        "sessionId": (_("Session: decided at each start"), ""),
        "random": (_("Random: decided at each check-in"), ""),
        "default": (_("Device: a phone keeps its version"), ""),
    },
    "consent": {
        "handled_by_app": (_("The app asks its users"), ""),
        "required": (_("Ferry stores nothing without consent"), ""),
    },
    "key": {
        "server": (_("Server key"), "brand-tone plain"),
        "user_token": (_("User-token key"), "info plain"),
    },
    "operator": {
        "IN": (_("is one of"), ""),
        "NOT_IN": (_("is none of"), ""),
        "STR_STARTS_WITH": (_("starts with"), ""),
        "STR_ENDS_WITH": (_("ends with"), ""),
        "STR_CONTAINS": (_("contains"), ""),
        "NUM_EQ": (_("number ="), ""),
        "NUM_GT": (_("number >"), ""),
        "NUM_GTE": (_("number ≥"), ""),
        "NUM_LT": (_("number <"), ""),
        "NUM_LTE": (_("number ≤"), ""),
        "DATE_AFTER": (_("date after"), ""),
        "DATE_BEFORE": (_("date before"), ""),
        "SEMVER_EQ": (_("version ="), ""),
        "SEMVER_GT": (_("version >"), ""),
        "SEMVER_LT": (_("version <"), ""),
        "SEMVER_GTE": (_("version ≥"), ""),
        "SEMVER_LTE": (_("version ≤"), ""),
    },
}


def look(vocabulary: str, value: str) -> Look:
    """The word and the tone of a value; a value nobody named shows as it is."""
    return VOCABULARY[vocabulary].get(value, (value, ""))


def choices(vocabulary: str) -> list[tuple[str, str | Promise]]:
    """The vocabulary as choices of a form field."""
    return [(value, word) for value, (word, _tone) in VOCABULARY[vocabulary].items()]
