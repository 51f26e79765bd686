"""Before a campaign is scheduled: whom it would reach, whom not and why, and from when to when it would send.

The devices pass the same rule as at the send (push.rules.eligible), one by one: what this says is what would happen if
it began now, or at its planned time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from analytics import audience as audiences
from analytics.audience import AudienceDevice
from ferry.kernel import clock
from ferry.kernel.identity.models import HostApp
from push.addresses import reach
from push.models import Campaign
from push.rules import quiet, rate
from push.rules.eligible import Terms, judge
from push.rules.holdout import unit
from push.rules.ledger import State
from push.selectors.settings import setting_of

_STEP = 2_000


@dataclass(frozen=True, slots=True)
class Reach:
    """People (verified users, and devices that nobody is bound to) and devices."""

    people: int
    devices: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen."""

    targeted: Reach
    sent: Reach
    channels: dict[str, Reach]
    excluded: dict[str, Reach]  # reason → how many
    deferred: Reach  # of `sent`: not at once, for it is night there
    first_at: datetime | None
    last_at: datetime | None
    needs_approval: bool


class _Counter:
    """Counts devices, and people once each."""

    def __init__(self) -> None:
        self.people: set[int] = set()  # hashes: a million people in 60 MB
        self.devices = 0

    def add(self, who: str) -> None:
        self.people.add(hash(who))
        self.devices += 1

    def told(self) -> Reach:
        return Reach(len(self.people), self.devices)


def preview(campaign: Campaign, host_app: HostApp) -> Preview:
    """Every device of the audience, judged for the planned time, or for now. Raises AudienceInvalid, NotFound."""
    setting = setting_of(campaign.workspace)
    frozen = audiences.freeze(host_app, campaign.audience)
    at = max(campaign.planned_at or clock.now(), clock.now())
    terms = Terms(
        marketing=True,
        needs_profiling=bool(frozen.get("profiling")),
        campaign_id=campaign.pk,
        holdout_share=campaign.holdout_share,
        quiet=quiet.parse(campaign.quiet_hours),
        zone=campaign.zone or setting.zone,
        expires_at=at + timedelta(seconds=campaign.valid_for_s),
    )
    counters: dict[str, _Counter] = defaultdict(_Counter)
    times: set[datetime] = set()
    for devices in _steps(audiences.Reader(host_app, frozen).members(step=_STEP)):
        reached = reach(host_app, devices)
        for device in devices:
            who = unit(device.user, device.device_id)
            verdict = judge(device, terms, reached=device.device_id in reached, now=at)
            counters["targeted"].add(who)
            if verdict.state is State.DROPPED:
                counters[f"excluded {verdict.reason}"].add(who)
                continue
            counters["sent"].add(who)
            counters[f"channel {reached[device.device_id].channel}"].add(who)
            times.add(verdict.at)
            if verdict.state is State.WAITING:
                counters["deferred"].add(who)
    told = {name: counter.told() for name, counter in counters.items()}
    sent = told.get("sent", Reach(0, 0))
    limit = setting.approval_above
    return Preview(
        targeted=told.get("targeted", Reach(0, 0)),
        sent=sent,
        channels=_named(told, "channel "),
        excluded=_named(told, "excluded "),
        deferred=told.get("deferred", Reach(0, 0)),
        first_at=min(times, default=None),
        last_at=_last(times, at, sent.devices, campaign.max_per_minute),
        needs_approval=limit is not None and told.get("targeted", Reach(0, 0)).people > limit,
    )


def more_people_than(limit: int, campaign: Campaign, host_app: HostApp) -> bool:
    """Whether the audience holds more than `limit` people; stops counting as soon as it does."""
    people: set[int] = set()
    for device in audiences.Reader(host_app, audiences.freeze(host_app, campaign.audience)).members(step=_STEP):
        people.add(hash(unit(device.user, device.device_id)))
        if len(people) > limit:
            return True
    return False


def _last(times: set[datetime], at: datetime, devices: int, limit: int | None) -> datetime | None:
    """The latest of the devices' times, or what the rate allows where that is later."""
    return max(max(times), at + timedelta(minutes=rate.minutes(devices, limit))) if times else None


def _named(told: dict[str, Reach], prefix: str) -> dict[str, Reach]:
    return {name.removeprefix(prefix): value for name, value in sorted(told.items()) if name.startswith(prefix)}


def _steps(devices: Iterable[AudienceDevice]) -> Iterator[list[AudienceDevice]]:
    waiting = iter(devices)
    while step := list(islice(waiting, _STEP)):
        yield step
