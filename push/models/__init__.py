"""Tables of push. Private to this app; others use push.services and push.selectors."""

from __future__ import annotations

from push.models.campaign import Audience, Campaign, CampaignRun
from push.models.channel import Address, Channel, ChannelSetting, InboxEntry, PositionCounter
from push.models.message import Content, Delivery, Message, Recipient, Shard
from push.models.settings import PushSetting, RateBudget
from push.models.template import Template

__all__ = [
    "Address",
    "Audience",
    "Campaign",
    "CampaignRun",
    "Channel",
    "ChannelSetting",
    "Content",
    "Delivery",
    "InboxEntry",
    "Message",
    "PositionCounter",
    "PushSetting",
    "RateBudget",
    "Recipient",
    "Shard",
    "Template",
]
