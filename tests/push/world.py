"""A harbour that sends pushes: people, devices with consent and addresses, and a channel that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from analytics.models import Device
from ferry.kernel import clock
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.models import HostApp, Workspace
from ferry.kernel.identity.rights import Role, rights_of
from push import selectors, services
from push.engines import registry
from push.engines.base import Kind, Outcome, Outgoing
from push.models import Address, Campaign, Message
from push.rules.placeholders import Words

YES = {"analytics": True, "marketing": True, "profiling": True}
WORDS = Words("Come back", "The ferry leaves at nine.")


@dataclass
class Counting:
    """A channel that takes everything and counts what it was given."""

    transactional: bool = False
    sent: Counter[str] = field(default_factory=Counter)  # device → copies
    ids: dict[str, set[str]] = field(default_factory=dict)  # device → delivery ids
    outgoing: list[Outgoing] = field(default_factory=list)
    batches: int = 0
    answer: Callable[[Outgoing], Outcome] | None = None
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def send(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        self.before()
        self.batches += 1
        for copy in batch:
            self.sent[copy.device_id] += 1
            self.ids.setdefault(copy.device_id, set()).add(copy.delivery_id)
            self.outgoing.append(copy)
        self.after()
        return [self.answer(copy) if self.answer else Outcome(copy.delivery_id, "ok") for copy in batch]


def answering(kind: Kind, **about: Any) -> Callable[[Outgoing], Outcome]:
    """The same answer for every copy."""
    return lambda copy: Outcome(copy.delivery_id, kind, **about)


@contextmanager
def channels(**engines: Any):
    """These channels instead of the product's, for as long as the block lasts."""
    before = dict(registry._engines)
    for name, engine in engines.items():
        registry.register(name, engine)
    try:
        yield
    finally:
        registry._engines.clear()
        registry._engines.update(before)


@dataclass
class Harbour:
    """One workspace with a host app."""

    workspace: Workspace
    app: HostApp

    @classmethod
    def make(cls, name: str = "Harbour", **app: Any) -> Harbour:
        workspace = identity.create_workspace(name=name)
        return cls(workspace, identity.create_host_app(actor=system(workspace), name=f"{name} app", **app))

    def person(self, role: str, who: str = "") -> Actor:
        return Actor(self.workspace, "member", who or role, who or role, rights_of([role]), who or str(role))

    @property
    def operator(self) -> Actor:
        return self.person(Role.OPERATOR)

    @property
    def admin(self) -> Actor:
        return self.person(Role.ADMIN)

    def devices(self, count: int, *, prefix: str = "d", vendor: bool = True, **about: Any) -> list[str]:
        """Devices with running numbers, each bound to a user of its own, with every consent, reached by a vendor."""
        now = clock.now() - timedelta(minutes=1)
        names = [f"{prefix}{number:05}" for number in range(count)]
        values = {"registered": True, "consent": YES, "platform": "ios", "first_seen": now, "last_seen": now, **about}
        Device.objects.insert(
            Device(
                workspace=self.workspace,
                host_app_id=self.app.pk,
                device_id=name,
                **{"bound_user": f"user-{name}", **values},
            )
            for name in names
        )
        if vendor:
            Address.objects.insert(
                Address(
                    workspace=self.workspace, host_app_id=self.app.pk, device_id=name, channel="apns", token=f"t-{name}"
                )
                for name in names
            )
        return names

    def change(self, device_id: str, **values: Any) -> None:
        Device.objects.of(self.workspace).filter(device_id=device_id).update(**values)

    def draft(self, **values: Any) -> Campaign:
        given = {"name": "Come back", "words": WORDS, "audience": {"kind": "everyone"}, **values}
        return services.create_campaign(actor=self.operator, host_app=self.app, values=given)

    def scheduled(self, **values: Any) -> Campaign:
        """Written, approved where it has to be, and scheduled."""
        draft = self.draft(**values)
        services.submit_campaign(actor=self.operator, campaign=draft)
        services.approve_campaign(actor=self.admin, campaign=self.again(draft), revision=draft.revision)
        return services.schedule_campaign(actor=self.operator, campaign=self.again(draft))

    def started(self, **values: Any) -> Campaign:
        """Scheduled for now, and begun by the tick."""
        campaign = self.scheduled(**values)
        assert services.start_due() == 1
        return self.again(campaign)

    def again(self, campaign: Campaign) -> Campaign:
        """As it is now."""
        return selectors.campaign(self.workspace, campaign.pk)

    def message(self, campaign: Campaign) -> Message:
        return selectors.messages(self.workspace, kind="marketing", campaign_id=campaign.pk).get()

    def states(self, campaign: Campaign) -> Counter[tuple[str, str]]:
        """(state, reason) → devices."""
        return Counter(selectors.deliveries(self.message(campaign)).values_list("state", "reason"))
