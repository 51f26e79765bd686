"""What others read of push. Every function names the workspace, or a row of it, first."""

from __future__ import annotations

from push.selectors.effect import campaign_effect
from push.selectors.funnel import campaign_funnel, message_funnel
from push.selectors.preview import Preview, preview
from push.selectors.rows import campaign, campaigns, deliveries, message, messages, recipients, template, templates
from push.selectors.settings import setting_of

__all__ = [
    "Preview",
    "campaign",
    "campaign_effect",
    "campaign_funnel",
    "campaigns",
    "deliveries",
    "message",
    "message_funnel",
    "messages",
    "preview",
    "recipients",
    "setting_of",
    "template",
    "templates",
]
