"""What push refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ferry.kernel.errors import Conflict, FerryError, NotAllowed

# What may not be found, marked for the catalog.
THINGS = (
    gettext_noop("campaign"),
    gettext_noop("campaign run"),
    gettext_noop("channel"),
    gettext_noop("channel setting"),
    gettext_noop("message"),
    gettext_noop("push setting"),
    gettext_noop("shard"),
    gettext_noop("template"),
)


class ContentInvalid(FerryError):
    code = "content_invalid"
    status = 400
    message = _("The content cannot be sent: {reason}")


class TemplateExists(Conflict):
    code = "template_exists"
    message = _("There is a template “{name}” already. Choose another name.")


class MessageInvalid(FerryError):
    code = "message_invalid"
    status = 400
    message = _("The message is not valid: {reason}")


class CampaignInvalid(FerryError):
    code = "campaign_invalid"
    status = 400
    message = _("The campaign is not valid: {reason}")


class CampaignChanged(Conflict):
    code = "campaign_changed"
    message = _("Somebody else has changed the campaign in the meantime. Reload it.")


class CampaignMoveNotAllowed(Conflict):
    code = "campaign_move_not_allowed"
    message = _("The campaign is {state_words}: {act_words} is not possible. Reload it to see where it stands now.")


class ApprovalNeeded(Conflict):
    code = "approval_needed"
    message = _("More than {limit} people would be reached: submit it, and let a second member approve it.")


class OwnCampaign(NotAllowed):
    code = "own_campaign"
    message = _("Nobody approves a campaign that he has written in. Ask another member who may approve.")


class SettingInvalid(FerryError):
    code = "push_setting_invalid"
    status = 400
    message = _("The setting is not valid: {reason}")


class ChannelInvalid(FerryError):
    code = "push_channel_invalid"
    status = 400
    message = _("The channel's settings are not valid: {reason}")
