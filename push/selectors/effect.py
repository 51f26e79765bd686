"""Whether a campaign brought people back: treated against held out, by intention to treat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.activity import Span, returned
from ferry.kernel import clock
from ferry.kernel.identity import selectors as identity
from push.models import Campaign, Delivery, Message
from push.rules.effect import Arm, Effect, effect
from push.rules.holdout import unit
from push.rules.ledger import NOT_ELIGIBLE, Reason, State


@dataclass(frozen=True, slots=True)
class Measured:
    """Both arms, the difference with its interval, and until when the last window is open."""

    treated: Arm
    held_out: Arm
    effect: Effect | None
    window_s: int
    signal: str
    complete_at: datetime | None

    @property
    def complete(self) -> bool:
        """Whether every return window is over: before that the figures still grow."""
        return self.complete_at is not None and self.complete_at <= clock.now()


def campaign_effect(campaign: Campaign, *, level: float = 0.95) -> Measured:
    """Read from the ledger and from the activity that analytics has stored.

    A person counts once, whatever number of devices. Treated is whoever was eligible and not held out, also where a
    token was dead: leaving those out would compare better people with all. A window begins when the copy was, or would
    have been, planned to be sent.
    """
    host_app = identity.host_app(campaign.workspace, campaign.host_app_id)
    messages = Message.objects.of(campaign.workspace).filter(campaign_id=campaign.pk, kind=Message.Kind.MARKETING)
    rows = (
        Delivery.objects.of(campaign.workspace)
        .filter(message__in=list(messages))
        .exclude(state=State.DROPPED, reason__in=[*NOT_ELIGIBLE, Reason.STOPPED, Reason.EXPIRED])
        .values_list("device_id", "user", "state", "reason", "planned_at")
    )
    window = timedelta(seconds=campaign.return_window_s)
    arms: dict[str, bool] = {}  # unit → treated
    spans: list[Span] = []
    latest: datetime | None = None
    for device_id, user, state, reason, planned_at in rows.iterator(chunk_size=5000):
        who = unit(user, device_id)
        arms[who] = not (state == State.DROPPED and reason == Reason.HELD_OUT)
        spans.append(Span(who, user, device_id, planned_at, planned_at + window))
        latest = planned_at if latest is None else max(latest, planned_at)
    back = returned(host_app, spans, signal=campaign.return_signal)
    treated = Arm(sum(arms.values()), sum(1 for who in back if arms[who]))
    held_out = Arm(len(arms) - treated.people, len(back) - treated.returned)
    return Measured(
        treated=treated,
        held_out=held_out,
        effect=effect(treated, held_out, level=level),
        window_s=campaign.return_window_s,
        signal=campaign.return_signal,
        complete_at=None if latest is None else latest + window,
    )
