"""The product in its own words, for tests: a workspace with people, host apps, mini-programs, releases and devices.

Everything is built through services; what devices get is decided by the published snapshot, as an edge would.

    world.release("2.0.0", share=25)
    assert len(world.devices_on("2.0.0")) == ...
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from analytics.segments import services as segments
from ferry.kernel import clock, ids
from ferry.kernel.db import TenantModel
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.models import HostApp, Workspace
from ferry.kernel.identity.rights import Role, rights_of
from ferry.kernel.publishing import selectors as published
from ferry.kernel.publishing import sets as stored_sets
from ferry.kernel.signing import selectors as signing_keys
from ferry.kernel.signing import services as signing
from ferry.kernel.targeting import Context, compile_segment
from miniapps import selectors, services
from miniapps.carrying.presets import Place
from miniapps.models import MiniProgram, Release, Version
from miniapps.offers import Gives, ProgramOffers, compile_program
from miniapps.releases import Kind, ReleasePlan
from push import services as push
from push.rules.placeholders import Words

RANGE: dict[str, dict[str, str | None]] = {
    platform: {"min": "6.0.0", "max": None} for platform in ("android", "ios", "harmony", "web")
}
PAGE = b"<!doctype html><title>ferry</title><p>hello</p>"


def make_zip(files: Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    """An ordinary zip of these files, in the order given."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    out.seek(0)
    return out


@dataclass
class Device:
    """A phone: what it tells at a check-in, and what it has."""

    id: str
    platform: str = "android"
    host_version: str = "6.3.0"
    user: str = ""
    verified: bool = False  # the user, by a user token
    registered: bool = True  # the device, by a device token
    properties: dict[str, str] = field(default_factory=dict)
    installed: dict[str, int] = field(default_factory=dict)  # program id → version code
    trials: list[str] = field(default_factory=list)  # tokens of the invitations that it has opened
    opens: dict[str, int] = field(default_factory=dict)  # what it would open now

    def context(self, host_app: HostApp, now: float) -> Context:
        """As the edge sees it."""
        own = {"platform": self.platform, "host_version": self.host_version}
        place = {"appName": host_app.name, "environment": host_app.environment}
        return Context(
            now=now,
            device_id=self.id,
            user_id=self.user,
            verified_device=self.registered,
            verified_user=self.verified,
            invitations={hashlib.sha256(token.encode()).hexdigest() for token in self.trials},
            properties={**self.properties, **own, **place},
        )


@dataclass
class World:
    """One workspace, one production host app, one mini-program, a person for each role, and devices."""

    workspace: Workspace
    host_app: HostApp
    program: MiniProgram
    devices: dict[str, Device] = field(default_factory=dict)

    @classmethod
    def make(cls, name: str = "Harbour", *, devices: int = 0) -> World:
        """A new workspace that is ready to release in."""
        workspace = identity.create_workspace(name=name)
        host_app = identity.create_host_app(actor=system(workspace), name=f"{name} app")
        known = "2018080616290001" if name == "Harbour" else ""  # another workspace's is its own
        program = services.create_program(actor=_person(workspace, Role.DEVELOPER), name="City Ferry", program_id=known)
        world = cls(workspace, host_app, program)
        world.add_devices(devices)
        return world

    # people

    def person(self, *roles: str, who: str = "") -> Actor:
        """Somebody with these roles. The same roles are the same person, unless `who` says otherwise."""
        return _person(self.workspace, *roles, who=who)

    @property
    def developer(self) -> Actor:
        return self.person(Role.DEVELOPER)

    @property
    def reviewer(self) -> Actor:
        return self.person(Role.REVIEWER)

    @property
    def operator(self) -> Actor:
        return self.person(Role.OPERATOR)

    def token(self, role: str) -> str:
        """A management token of this role, in clear."""
        return identity.create_token(actor=system(self.workspace), name=f"for {role}", roles=[str(role)], days=1).plain

    # publishing

    def beside(self, name: str) -> World:
        """Another mini-program of the workspace, for the same host app; its id is its name in small letters."""
        program = services.create_program(actor=self.developer, name=name, program_id=name.lower())
        return World(self.workspace, self.host_app, program)

    def host(self, name: str, *, environment: str = "production", **values: Any) -> HostApp:
        """Another host app of the workspace."""
        return identity.create_host_app(actor=system(self.workspace), name=name, environment=environment, **values)

    def upload(
        self,
        name: str,
        files: Mapping[str, bytes] | None = None,
        *,
        host_range: Mapping[str, Mapping[str, str | None]] | None = None,
        code: int | None = None,
    ) -> Version:
        """A developer uploads a version; without `files`, a page that differs by version."""
        content = files if files is not None else {"index.html": PAGE, "version.txt": name.encode()}
        return services.upload_version(
            actor=self.developer,
            program=self.program,
            archive=make_zip(content),
            name=name,
            code=code,
            host_range=host_range or RANGE,
        )

    def approve(self, version: Version, host_app: HostApp | None = None) -> Version:
        """The developer submits, the reviewer approves."""
        app = host_app or self.host_app
        services.submit_version(actor=self.developer, version=version, host_app=app)
        services.approve_version(actor=self.reviewer, version=version, host_app=app)
        return version

    def version(self, name: str) -> Version:
        """The newest version of this name; uploaded and approved when there is none yet."""
        found = selectors.versions(self.workspace, self.program).filter(name=name).first()
        version = found if found is not None else self.upload(name)
        if not selectors.reviews(self.workspace, version=version, host_app=self.host_app, state="approved").exists():
            self.approve(version)
        return version

    def release(
        self,
        name: str,
        *,
        share: float | None = None,
        kind: str = "",
        conditions: Sequence[Mapping[str, Any]] = (),
        users: Iterable[str] = (),
        devices: Iterable[str] = (),
        **plan: Any,
    ) -> Release:
        """Release a version: to everybody, or with `share` (percent) as a gray release, or as `kind` says."""
        chosen = Kind(kind) if kind else Kind.FULL if share is None else Kind.GRAY
        return services.start_release(
            actor=self.operator,
            version=self.version(name),
            host_app=self.host_app,
            plan=ReleasePlan(
                kind=chosen,
                share=round((share or 0) * 100),
                conditions=tuple(conditions),
                users=tuple(users),
                devices=tuple(devices),
                **plan,
            ),
        )

    def raise_to(self, release: Release, share: float) -> Release:
        """Change the share of a gray release, in percent, up or down."""
        return services.change_share(actor=self.operator, release=release, share=round(share * 100))

    def pause(self, release: Release) -> Release:
        return services.pause_release(actor=self.operator, release=release)

    def resume(self, release: Release) -> Release:
        return services.resume_release(actor=self.operator, release=release)

    def complete(self, release: Release) -> Release:
        return services.complete_release(actor=self.operator, release=release)

    def roll_back(self, release: Release, reason: str = "It crashes.") -> Release:
        return services.roll_back_release(actor=self.operator, release=release, reason=reason)

    def roll_back_to(self, name: str) -> services.RolledBack:
        return services.roll_back_to(
            actor=self.operator, program=self.program, host_app=self.host_app, version=self.version(name)
        )

    def withdraw(self, message: str = "Closed for repairs.") -> None:
        services.withdraw_program(actor=self.operator, program=self.program, host_app=self.host_app, message=message)

    def restore(self) -> None:
        services.restore_program(actor=self.operator, program=self.program, host_app=self.host_app)

    # devices

    def add_device(self, device_id: str, **about: Any) -> Device:
        """A phone that has the host app."""
        self.devices[device_id] = device = Device(device_id, **about)
        return device

    def add_devices(self, count: int, **about: Any) -> None:
        """Phones with running numbers."""
        first = len(self.devices)
        for number in range(first, first + count):
            self.add_device(f"device-{number:05}", **about)

    def part(self) -> dict[str, Any] | None:
        """The published part of the mini-program, as an edge reads it; None when it is not published."""
        _, manifest, _ = published.manifest(self.host_app.pk)
        entry = manifest.get(f"program:{self.program.program_id}")
        if entry is None:
            return None
        body: dict[str, Any] = json.loads(published.parts([entry["sha"]])[entry["sha"]])
        return body

    def offers(self) -> ProgramOffers | None:
        """The published part, compiled with the sets and segments that were published with it."""
        body = self.part()
        if body is None:
            return None
        _, manifest, _ = published.manifest(self.host_app.pk)
        addresses = {sha for entry in manifest.values() for sha in entry["sets"]}
        sets = {sha: stored_sets.decode(raw) for sha, raw in published.parts(addresses).items()}
        segments = {}
        for name, entry in manifest.items():
            kind, _, key = name.partition(":")
            if kind == "segment":
                constraints = json.loads(published.parts([entry["sha"]])[entry["sha"]])["constraints"]
                segments[key] = compile_segment(key, constraints, sets=sets)
        return compile_program(body, segments=segments, sets=sets)

    def decided(self, device: Device) -> Gives | None:
        """What the device is answered now; None: nothing of this program is for it."""
        offers = self.offers()
        return None if offers is None else self._decided(offers, device)

    def check_in(self) -> None:
        """Every device asks, installs what it is told, and opens that."""
        offers = self.offers()
        program = self.program.program_id
        for device in self.devices.values():
            gives = None if offers is None or offers.withdrawn is not None else self._decided(offers, device)
            device.opens.pop(program, None)
            if gives is not None:
                device.installed[program] = device.opens[program] = gives.code

    def devices_on(self, name: str) -> set[str]:
        """The devices that open this version after their next check-in."""
        self.check_in()
        code = self.version(name).code
        return {device.id for device in self.devices.values() if device.opens.get(self.program.program_id) == code}

    def _decided(self, offers: ProgramOffers, device: Device) -> Gives | None:
        context = device.context(self.host_app, clock.now().timestamp())
        return offers.decide(context, device.installed.get(self.program.program_id))

    def observe(self) -> None:
        """The devices' registrations and check-ins reach the database: through the journal and a loader.

        Needs the fixture `folders`, so that the journal is this test's own.
        """
        from tests.journal.world import Edge
        from tests.journal.world import World as Journal

        journal = Journal.__new__(Journal)
        journal.journal, journal.parquet = Path(settings.FERRY_JOURNAL_DIR), Path(settings.FERRY_PARQUET_DIR)
        edge, at, offers = Edge(journal.journal), clock.now_ms(), self.offers()
        for seq, device in enumerate(self.devices.values()):
            told = {
                "host_app": self.host_app.pk,
                "device": device.id,
                "at": at,
                "seq": 2 * seq,
                "platform": device.platform,
                "host_version": device.host_version,
                **({"user": device.user} if device.user else {}),
            }
            if device.registered:
                edge.report("device", message_id=ids.new(), **told)
            gives = self._decided(offers, device) if offers is not None and offers.withdrawn is None else None
            arms = [[self.program.program_id, gives.release_id, gives.code]] if gives else []
            edge.report("checkin", **{**told, "seq": 2 * seq + 1, "installed": device.installed, "arms": arms})
        journal.load()

    def one_of_each(self) -> dict[str, str]:
        """One row of everything that the management API shows: the name in its addresses → the id to put there."""
        admin = system(self.workspace)
        member = identity.create_member(
            actor=admin, email=f"ada@{self.workspace.slug}.example", name="Ada", roles=["developer"]
        ).member
        server_key = identity.add_server_key(actor=admin, host_app=self.host_app, name="backend").key
        token = identity.create_token(actor=admin, name="pipeline", roles=["developer"], days=1).token
        segment = segments.create_segment(
            actor=admin,
            name="Gold",
            constraints=[{"contextName": "tier", "operator": "IN", "values": ["gold"]}],
        )
        self.add_device("device-of-the-walk")
        self.release("1.0.0")
        release = self.release("2.0.0", share=20)
        identity.update_host_app(actor=admin, host_app=self.host_app, link_base="harbour://open")
        trial = self.release("3.0.0", kind="trial", invited=True)
        invitation = services.invite(actor=self.operator, release=trial, lifetime=timedelta(days=1))
        link = services.create_link(actor=self.operator, host_app=self.host_app, program=self.program)
        capability = services.add_capability(actor=admin, name="harbour.ticket", title="Tickets")
        (permission,) = services.request_permissions(
            actor=self.developer, program=self.program, host_app=self.host_app, capabilities=["harbour.ticket"]
        )
        return {
            **self._pushes(),
            **self._carried(),
            "band": "high",
            "capability_id": capability.pk,
            "device_id": "device-of-the-walk",
            "host_app_id": self.host_app.pk,
            "invitation_id": invitation.pk,
            "kid": self._retired_key(admin),
            "link_id": link.pk,
            "key_id": server_key.pk,
            "member_id": member.pk,
            "permission_id": permission.pk,
            "preview_id": services.create_preview(actor=self.developer, version=release.version).pk,
            "program_id": self.program.program_id,
            "release_id": release.pk,
            "segment_id": segment.pk,
            "token_id": token.pk,
            "upload_id": services.create_upload(actor=self.developer, size=10).pk,
            "version_id": release.version_id,
        }

    def _retired_key(self, admin: Actor) -> str:
        """A signing key that was replaced."""
        signing.rotate_key(actor=admin, purpose="package")
        retired = signing_keys.all_keys(self.workspace).filter(purpose="package", retired_at__isnull=False)
        return retired[0].kid

    def _carried(self) -> dict[str, str]:
        from tests.miniapps.carried import exported, take_in, trust

        bundle = services.ask_for_preset(actor=self.operator, host_app=self.host_app, wishes=(), place=Place())
        yard = World.make(f"Yard of {self.workspace.slug}")
        exporter = trust(self, yard)
        made = take_in(self, exported(yard, yard.version("1.0.0")))
        archive = services.make_now(bundle)
        return {"archive_id": archive.pk, "exporter_id": exporter.pk, "import_id": made.row.pk}

    def _pushes(self) -> dict[str, str]:
        words = Words("Come back", "The ferry leaves at nine.")
        template = push.create_template(actor=self.operator, name="Back", words=words)
        everybody = {"name": "Back", "words": words, "audience": {"kind": "everyone"}}
        campaign = push.create_campaign(actor=self.operator, host_app=self.host_app, values=everybody)
        message = push.send_message(
            actor=self.operator, host_app=self.host_app, words=words, to=[push.messages.To("anna")]
        )
        return {"template_id": template.pk, "campaign_id": campaign.pk, "message_id": message.pk}

    # looking at everything

    def fingerprint(self) -> str:
        """Changes when any row of the workspace does."""
        digest = hashlib.sha256()
        for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
            if issubclass(model, TenantModel):
                for row in model.objects.of(self.workspace).order_by("pk").values_list():
                    digest.update(repr((model._meta.label, row)).encode())
        return digest.hexdigest()


def _person(workspace: Workspace, *roles: str, who: str = "") -> Actor:
    name = who or "-".join(str(role) for role in roles)
    return Actor(
        workspace=workspace,
        kind="member",
        id=name,
        name=name,
        rights=rights_of([str(role) for role in roles]),
        person_id=name,
    )
