"""Writes of push: templates, service messages, campaigns, settings, and what workers and the loader write."""

from __future__ import annotations

from push.services.campaigns import (
    approve_campaign,
    create_campaign,
    delete_campaign,
    edit_campaign,
    return_campaign,
    schedule_campaign,
    stop_campaign,
    submit_campaign,
    unschedule_campaign,
)
from push.services.delivery import deliver
from push.services.lifecycle import finish_due, start_due
from push.services.messages import send_message, send_test
from push.services.settings import change_settings, pause_marketing, resume_marketing
from push.services.templates import create_template, delete_template, update_template
from push.services.wake import wake_workers

__all__ = [
    "approve_campaign",
    "change_settings",
    "create_campaign",
    "create_template",
    "delete_campaign",
    "delete_template",
    "deliver",
    "edit_campaign",
    "finish_due",
    "pause_marketing",
    "resume_marketing",
    "return_campaign",
    "schedule_campaign",
    "send_message",
    "send_test",
    "start_due",
    "stop_campaign",
    "submit_campaign",
    "unschedule_campaign",
    "update_template",
    "wake_workers",
]
