"""A world with people who sit at the console: real accounts, signed in, beside the world's own people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse

from analytics.churn import selectors as predictions
from analytics.events import intake, records
from analytics.events.judging import Sender
from analytics.models import Device
from ferry.journal.loader import Loader
from ferry.journal.management.commands.run_loader import LEASE
from ferry.kernel import clock, ids
from ferry.kernel.identity import selectors as people
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.models import Account, HostApp, Workspace
from ferry.kernel.identity.rights import Role
from ferry.kernel.jobs import services as jobs
from miniapps import selectors as releases
from miniapps.models import Release
from push import selectors as pushed
from push import services as push
from push.models import Campaign, Template
from push.rules.placeholders import Words
from tests.journal.world import Edge
from tests.world import World

PASSWORD = "a long pass phrase"


@dataclass
class Desk:
    """The console of one workspace, and whoever sits at it."""

    world: World
    _clients: dict[str, Client] = field(default_factory=dict)

    @classmethod
    def make(cls, name: str = "Harbour", *, devices: int = 0) -> Desk:
        return cls(World.make(name, devices=devices))

    @property
    def workspace(self) -> Workspace:
        return self.world.workspace

    def account(self, *roles: str) -> Account:
        """The person with these roles; hired when asked for first."""
        email = f"{'-'.join(str(role) for role in roles) or 'nobody'}@{self.workspace.slug}.example"
        found = Account.objects.filter(subject=email).first()
        if found is None:
            made = identity.create_member(
                actor=system(self.workspace), email=email, name=email.split("@")[0].title(), roles=list(roles)
            )
            found = made.member.account
            found.set_password(PASSWORD)
            found.must_change_password = False
            found.save()
        return found

    def as_(self, *roles: str) -> Client:
        """A browser in which that person is signed in."""
        key = "-".join(str(role) for role in roles)
        if key not in self._clients:
            self._clients[key] = Client()
            self._clients[key].force_login(
                self.account(*roles), backend="ferry.kernel.identity.backends.LocalAccountBackend"
            )
        return self._clients[key]

    @property
    def admin(self) -> Client:
        return self.as_(Role.ADMIN)

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"console:{name}", args=[self.workspace.slug, *args])

    def program_url(self, name: str, *args: Any) -> str:
        """A page of the world's mini-program."""
        return self.url(name, self.world.program.program_id, *args)

    def person(self, *roles: str) -> Actor:
        """Whoever sits there, as services see him."""
        return people.member_actor(account=self.account(*roles), slug=self.workspace.slug)

    def at_risk(self) -> list[str]:
        """The users of the high band."""
        return list(predictions.band_users(self.workspace, self.world.host_app.pk, "high"))

    def gray(self) -> Release:
        """The gray release of the world's program."""
        return releases.releases(self.workspace, program=self.world.program).filter(kind="gray").get()

    def registered(self, users: Sequence[str] = ()) -> None:
        """Every device of the world is known, asked for a token, and belongs to a user who agreed to everything.

        The first devices belong to `users`.
        """
        now = clock.now() - timedelta(minutes=1)
        rows = Device.objects.of(self.workspace)
        for number, name in enumerate(self.world.devices):
            values = {
                "registered": True,
                "bound_user": users[number] if number < len(users) else f"user-{number}",
                "consent": {"analytics": True, "marketing": True, "profiling": True},
            }
            rows.update_or_create(
                device_id=name,
                defaults=values,
                create_defaults={
                    **values,
                    "workspace": self.workspace,
                    "host_app_id": self.world.host_app.pk,
                    "first_seen": now,
                    "last_seen": now,
                },
            )

    def message_template(self) -> Template:
        return push.create_template(
            actor=self.person(Role.OPERATOR), name="Come back", words=Words("Come back", "The ferry leaves at nine.")
        )

    def campaign(self, *, sent: bool = False, **values: Any) -> Campaign:
        """A campaign to everyone with 30 % held out: a draft, or one that has been delivered on the own channel."""
        operator = self.person(Role.OPERATOR)
        given = {
            "name": "Come back",
            "words": Words("Come back", "The ferry leaves at nine."),
            "audience": {"kind": "everyone"},
            "holdout_share": 3000,
            **values,
        }
        made = push.create_campaign(actor=operator, host_app=self.world.host_app, values=given)
        if sent:
            push.schedule_campaign(actor=operator, campaign=made)
            push.start_due()
            push.deliver()
            push.finish_due()
        return pushed.campaign(self.workspace, made.pk)

    def events(self, *events: dict[str, Any]) -> None:
        """These events came in and are loaded."""
        now = clock.now_ms()
        taken = intake.take_batch(json.dumps({"batch": events}).encode(), Sender(now))
        edge = Edge(settings.FERRY_JOURNAL_DIR, ids.new())
        for line in records.pack(self.world.host_app.pk, at=now, seq=1, groups=taken.groups, refused=taken.refusals()):
            edge.write(records.KIND, line)
        self.load()

    def checked_in(self, host_app: HostApp | None = None) -> None:
        """Every device of the world asks, installs what it is told, and its report is loaded."""
        self.world.check_in()
        app = host_app or self.world.host_app
        edge = Edge(settings.FERRY_JOURNAL_DIR, ids.new())
        for number, device in enumerate(self.world.devices.values()):
            edge.report(
                "checkin",
                host_app=app.pk,
                device=device.id,
                at=clock.now_ms(),
                seq=number,
                platform=device.platform,
                os="14",
                model="Pixel",
                host_version=device.host_version,
                installed=device.installed,
            )
        self.load()

    def load(self) -> None:
        """What is in the journal is loaded."""
        lease = jobs.acquire(LEASE, 60)
        assert lease is not None
        loader = Loader(journal=settings.FERRY_JOURNAL_DIR, parquet=settings.FERRY_PARQUET_DIR, lease=lease)
        loader.sweep()
        while loader.step():
            pass
        lease.release()
