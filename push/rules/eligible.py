"""Whether a device may be sent a message now, later or not at all, and why. Pure: one function for plan and sending.

The hold-out is asked last of what shuts out: both arms are made of people who would have been sent the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from push.rules.holdout import held_out, unit
from push.rules.ledger import Reason, State
from push.rules.quiet import QuietHours, may_send_at, zone_of


class Device(Protocol):
    """What the rule reads of a device (analytics.audience.AudienceDevice)."""

    @property
    def device_id(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def verified(self) -> bool: ...
    @property
    def marketing(self) -> bool: ...
    @property
    def profiling(self) -> bool: ...
    @property
    def zone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a message is sent."""

    marketing: bool
    needs_profiling: bool = False
    campaign_id: str = ""
    holdout_share: int = 0  # in 1/10,000
    quiet: QuietHours | None = None
    zone: str = "UTC"
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` is SENDING (now), WAITING (until `at`) or DROPPED; `at` is when it is or would be sent."""

    state: State
    reason: str
    at: datetime


def judge(device: Device, terms: Terms, *, reached: bool, now: datetime) -> Verdict:
    """The verdict on one device at this moment."""
    if terms.marketing and not device.verified:
        return Verdict(State.DROPPED, Reason.UNVERIFIED, now)
    if terms.marketing and not device.marketing:
        return Verdict(State.DROPPED, Reason.NO_CONSENT, now)
    if terms.needs_profiling and not device.profiling:
        return Verdict(State.DROPPED, Reason.NO_PROFILING, now)
    if not reached:
        return Verdict(State.DROPPED, Reason.NO_ADDRESS, now)
    at = may_send_at(now, terms.quiet, zone_of(device.zone, terms.zone))
    if held_out(unit(device.user, device.device_id), terms.campaign_id, terms.holdout_share):
        return Verdict(State.DROPPED, Reason.HELD_OUT, at)
    if terms.expires_at is not None and at >= terms.expires_at:
        return Verdict(State.DROPPED, Reason.EXPIRED, at)
    if at > now:
        return Verdict(State.WAITING, Reason.QUIET_HOURS, at)
    return Verdict(State.SENDING, "", now)
