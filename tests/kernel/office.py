"""A workspace with people and tokens in every role, and its API as a program sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from ferry.kernel.identity import selectors, services
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.models import Account, HostApp, Member, Workspace
from ferry.kernel.identity.rights import Role


@dataclass
class Office:
    """Made through services, acted on through the API."""

    workspace: Workspace
    _tokens: dict[str, str] = field(default_factory=dict)
    _client: Client = field(default_factory=Client)

    @classmethod
    def make(cls, name: str = "Harbour") -> Office:
        return cls(services.create_workspace(name=name))

    @property
    def platform(self) -> Actor:
        return system(self.workspace, "test")

    def hire(self, email: str, *roles: str) -> Member:
        made = services.create_member(
            actor=self.platform, email=email, name=email.split("@")[0].title(), roles=list(roles)
        )
        return made.member

    def acting(self, member: Member) -> Actor:
        """What the member may do from now on."""
        return selectors.member_actor(account=Account.objects.get(pk=member.account_id), slug=self.workspace.slug)

    def host_app(self, name: str = "Harbour Go", **given: Any) -> HostApp:
        return services.create_host_app(actor=self.platform, name=name, **given)

    def token(self, role: str = Role.ADMIN) -> str:
        """A robot's token with this role, always the same one."""
        if role not in self._tokens:
            new = services.create_token(actor=self.platform, name=f"robot {role}", roles=[role])
            self._tokens[role] = new.plain
        return self._tokens[role]

    def call(
        self, method: str, path: str, body: Any = None, *, role: str = Role.ADMIN, token: str = "", **headers: str
    ) -> Any:
        """One request; `headers` in snake case."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self._client.generic(
            method.upper(),
            f"/api/v1{path}",
            data=body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode(),
            content_type=named.pop("Content-Type", "application/json"),
            headers={"Authorization": f"Bearer {token or self.token(role)}"} | named,
        )
