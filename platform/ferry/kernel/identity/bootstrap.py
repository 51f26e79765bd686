"""A workspace, a host app, its keys and tokens in one step, for automation; a repeat gives the same answer.

The secrets are derived from the master secret and the id of their own row, so none is kept in clear anywhere, and
whoever runs this already holds the file they come from. A key or token that was revoked or has expired is replaced by
a new row, which has another id and so another secret.
"""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from ferry.kernel import clock, ids, secrets
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import keys, services, values
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.errors import HostAppExists, SlugTaken
from ferry.kernel.identity.models import ApiToken, Environment, HostApp, HostAppKey, KeyKind, Workspace
from ferry.kernel.identity.rights import Role

ROLES = (Role.ADMIN, Role.DEVELOPER, Role.REVIEWER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR)
_NAME = "bootstrap"
_DAYS = 365


def bootstrap(
    *, workspace: str, app: str, environment: str = Environment.PRODUCTION, cors_origins: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What `manage.py bootstrap` prints. Makes what is missing and adds missing origins; changes nothing else."""
    if environment not in Environment.values:
        raise Invalid(reason=_("environments are {known}").format(known=", ".join(Environment.values)))
    home = _workspace(values.name(workspace))
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=home.pk)  # two at once make each row once
        actor = system(home, _NAME)
        host_app = _host_app(actor, values.name(app), environment, cors_origins)
        tokens = {role.value: _token(actor, role) for role in ROLES}
        server_key, user_token_key = _server_key(actor, host_app), _user_token_key(actor, host_app)
    return {
        "workspace": home.slug,
        "host_app": {
            "id": host_app.id,
            "number": host_app.number,
            "app_key": host_app.app_key,
            "environment": host_app.environment,
        },
        "server_key": server_key,
        "user_token_key": user_token_key,
        "token": tokens[Role.ADMIN],
        "tokens": tokens,
        "edge_url": settings.FERRY_EDGE_URL,
        "site_url": settings.FERRY_SITE_URL,
    }


def named_workspace(text: str) -> Workspace | None:
    """The oldest workspace with this name or short name."""
    return Workspace.objects.filter(Q(name=text) | Q(slug=text)).order_by("id").first()


def _workspace(name: str) -> Workspace:
    """The workspace of that name; names whose slugs collide (all those without a Latin letter) get a number."""
    base, number = values.slug_from(name), 1
    while True:
        found = named_workspace(name)
        if found is not None:
            return found
        try:
            slug = base if number == 1 else f"{base[:58]}-{number}"
            return services.create_workspace(name=name, slug=slug, by=_NAME)
        except SlugTaken:
            number += 1


def _host_app(actor: Actor, name: str, environment: str, cors_origins: tuple[str, ...]) -> HostApp:
    found = HostApp.objects.of(actor.workspace).filter(name=name, environment=environment).first()
    if found is None:
        try:
            return services.create_host_app(actor=actor, name=name, environment=environment, cors_origins=cors_origins)
        except HostAppExists:  # made by the API in this very moment
            found = HostApp.objects.of(actor.workspace).get(name=name, environment=environment)
    missing = [origin for origin in values.origins(cors_origins) if origin not in found.cors_origins]
    if missing:
        found = services.update_host_app(actor=actor, host_app=found, cors_origins=[*found.cors_origins, *missing])
    return found


def _token(actor: Actor, role: Role) -> str:
    name = f"{_NAME} {role.value}"
    live = ApiToken.objects.of(actor.workspace).filter(name=name, revoked_at=None, expires_at__gt=clock.now())
    for token in live.order_by("id"):
        credential = keys.api_token(_seed("token", token.id))
        if keys.same(credential.hash, token.hash):  # else somebody gave a token of theirs this name
            return credential.plain
    token_id = ids.new()
    new = services.create_token(
        actor=actor, name=name, roles=[role], days=_DAYS, token_id=token_id, seed=_seed("token", token_id)
    )
    return new.plain


def _server_key(actor: Actor, host_app: HostApp) -> str:
    for row in _live_keys(host_app, KeyKind.SERVER):
        credential = keys.server_key(_seed("server", row.id))
        if keys.same(credential.hash, row.hash):
            return credential.plain
    key_id = ids.new()
    new = services.add_server_key(
        actor=actor, host_app=host_app, name=_NAME, key_id=key_id, seed=_seed("server", key_id)
    )
    return str(new.secret)


def _user_token_key(actor: Actor, host_app: HostApp) -> dict[str, str]:
    for row in _live_keys(host_app, KeyKind.USER_TOKEN):
        secret = keys.shared_secret(_seed("user-token", row.id))
        if row.sealed and hmac.compare_digest(secrets.unseal(row.sealed, purpose=keys.USER_TOKEN_PURPOSE), secret):
            return {"kid": row.kid, "alg": row.alg, "secret": keys.shared_secret_text(secret)}
    key_id = ids.new()
    new = services.add_user_token_key(
        actor=actor, host_app=host_app, name=_NAME, alg="HS256", key_id=key_id, seed=_seed("user-token", key_id)
    )
    return {"kid": new.key.kid, "alg": new.key.alg, "secret": str(new.secret)}


def _live_keys(host_app: HostApp, kind: str) -> list[HostAppKey]:
    rows = HostAppKey.objects.of(host_app.workspace).filter(host_app=host_app, kind=kind, name=_NAME, revoked_at=None)
    return list(rows.order_by("id"))


def _seed(kind: str, row_id: str) -> bytes:
    return hmac.digest(secrets.derive("bootstrap"), f"{kind}:{row_id}".encode(), "sha256")
