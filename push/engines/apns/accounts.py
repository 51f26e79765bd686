"""A host app's account with Apple: team, key, topic and environment; the private key sealed (rule 12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ferry.kernel import secrets
from ferry.kernel.identity.models import Workspace
from push.engines.apns import jwt
from push.errors import ChannelInvalid
from push.models import Channel, ChannelSetting

PURPOSE = "push.apns"
HOSTS = {"production": "https://api.push.apple.com", "sandbox": "https://api.sandbox.push.apple.com"}
_IDENTIFIER = re.compile(r"[A-Z0-9]{10}")
_TOPIC = re.compile(r"[A-Za-z0-9.-]{1,155}")


@dataclass(frozen=True, slots=True)
class Account:
    """As it is set now. `fingerprint` changes with every change of it."""

    team_id: str
    key_id: str
    topic: str
    environment: str
    sealed: str

    @property
    def fingerprint(self) -> tuple[str, ...]:
        return (self.team_id, self.key_id, self.topic, self.environment, self.sealed)

    @property
    def host(self) -> str:
        """Apple's address for this environment."""
        return HOSTS[self.environment]

    def provider_token(self) -> jwt.ProviderToken:
        """Unseals the key. Raises CannotUnseal, ValueError."""
        key = jwt.read_key(secrets.unseal(self.sealed, purpose=PURPOSE))
        return jwt.ProviderToken(key, team_id=self.team_id, key_id=self.key_id)


def account(workspace_id: str, host_app_id: str) -> Account | None:
    """The account that is set for a host app, or None."""
    rows = ChannelSetting.objects.of(Workspace(pk=workspace_id)).filter(host_app_id=host_app_id, channel=Channel.APNS)
    row = rows.first()
    return None if row is None else Account(**row.settings, sealed=row.sealed)


def checked(given: Mapping[str, Any]) -> dict[str, str]:
    """Settings that can be stored. Raises ChannelInvalid."""
    team, key, topic = (str(given.get(name) or "").strip() for name in ("team_id", "key_id", "topic"))
    environment = str(given.get("environment") or "production")
    if not _IDENTIFIER.fullmatch(team) or not _IDENTIFIER.fullmatch(key):
        raise ChannelInvalid(reason=_("team and key are the ten characters that Apple's developer pages show."))
    if not _TOPIC.fullmatch(topic):
        raise ChannelInvalid(reason=_("the topic is the app's bundle id, such as com.example.app."))
    if environment not in HOSTS:
        raise ChannelInvalid(reason=_("the environment is production or sandbox."))
    return {"team_id": team, "key_id": key, "topic": topic, "environment": environment}


def seal(pem: str) -> str:
    """The sealed private key. Raises ChannelInvalid when it is none."""
    try:
        jwt.read_key(pem.encode())
    except ValueError:
        raise ChannelInvalid(reason=_("the key is not the content of a .p8 file from Apple.")) from None
    return secrets.seal(pem.encode(), purpose=PURPOSE)
