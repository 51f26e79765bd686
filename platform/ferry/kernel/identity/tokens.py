"""Writes of management tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from ferry.kernel import clock, ids
from ferry.kernel.audit.services import record
from ferry.kernel.identity import keys, values
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.errors import BeyondOwnRights, TooMany
from ferry.kernel.identity.models import ApiToken
from ferry.kernel.identity.rights import Right, rights_of

MOST_TOKENS = 500  # live ones of one workspace
LONGEST_DAYS = 366
DEFAULT_DAYS = 90


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token, and its plain form, shown this once."""

    token: ApiToken
    plain: str


@transaction.atomic
def create_token(
    *,
    actor: Actor,
    name: str,
    roles: Iterable[str],
    days: int = DEFAULT_DAYS,
    allowed_networks: Iterable[str] = (),
    token_id: str = "",
    seed: bytes | None = None,
) -> NewToken:
    """A management token that holds the roles for `days`, from the networks if any are named.

    It carries nothing that the actor may not do, and answers to whoever the actor answers to; a token that the
    platform makes is a principal of its own. `token_id` and `seed` are for `bootstrap`, which derives the same token
    again. Raises BeyondOwnRights, TooMany.
    """
    require(actor, Right.MANAGE_TOKENS)
    roles = values.roles(roles)
    beyond = rights_of(roles) - actor.rights
    if beyond:
        raise BeyondOwnRights(right=min(beyond).value)
    now = clock.now()
    if ApiToken.objects.of(actor.workspace).filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise TooMany(limit=MOST_TOKENS, kind="tokens")
    token_id = token_id or ids.new()
    credential = keys.api_token(seed)
    token = ApiToken.objects.create(
        id=token_id,
        workspace=actor.workspace,
        name=values.name(name),
        prefix=credential.prefix,
        hash=credential.hash,
        roles=roles,
        principal=f"robot:{token_id}" if actor.kind == "system" else actor.person_id,
        allowed_networks=values.networks(allowed_networks),
        expires_at=now + timedelta(days=values.whole(days, 1, LONGEST_DAYS, "days")),
    )
    record(actor=actor, action="token.created", target=token, after=_told(token))
    return NewToken(token, credential.plain)


@transaction.atomic
def revoke_token(*, actor: Actor, token: ApiToken) -> ApiToken:
    """End a token at once."""
    require(actor, Right.MANAGE_TOKENS)
    row = ApiToken.objects.of(actor.workspace).select_for_update().get(pk=token.pk)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        record(actor=actor, action="token.revoked", target=row, before=_told(row))
    return row


def _told(token: ApiToken) -> dict[str, object]:
    return {
        "name": token.name,
        "prefix": token.prefix,
        "roles": token.roles,
        "allowed_networks": token.allowed_networks,
        "expires_at": token.expires_at.isoformat(),
    }
