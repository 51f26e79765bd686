"""Writes of host apps and their keys. Each is inside publishing(): the edge reads these rows from the snapshot."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ferry.kernel import clock, ids, secrets
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import keys, values
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.errors import HostAppExists, KeyInvalid, TooMany
from ferry.kernel.identity.models import (
    PLATFORMS,
    Consent,
    Counter,
    Environment,
    HostApp,
    HostAppKey,
    KeyKind,
    Workspace,
)
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing

MOST_APPS = 100  # of one workspace
MOST_KEYS = 20  # live ones of one host app; two are enough to rotate
ALGORITHMS = ("HS256", "ES256", "RS256")
SHORTEST_INTERVAL, LONGEST_INTERVAL = 5, 86_400  # seconds between check-ins
MOST_CHECKINS = 1_000_000  # a second


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key, and its secret in clear, shown this once; none for a key of which only the public half came."""

    key: HostAppKey
    secret: str | None


@transaction.atomic
def create_host_app(
    *,
    actor: Actor,
    name: str,
    environment: str = Environment.PRODUCTION,
    platforms: Iterable[str] = PLATFORMS,
    cors_origins: Iterable[str] = (),
    check_interval_s: int = 1800,
    checkins_per_second: int = 10_000,
    consent: str = Consent.HANDLED_BY_APP,
    link_base: str = "",
) -> HostApp:
    """A new host app with its number, its public key and its first snapshot. Raises HostAppExists, TooMany."""
    require(actor, Right.MANAGE_APPS)
    if environment not in Environment.values:
        raise Invalid(reason=_("environments are {known}").format(known=", ".join(Environment.values)))
    checked = _checked(
        name=name,
        platforms=platforms,
        cors_origins=cors_origins,
        check_interval_s=check_interval_s,
        checkins_per_second=checkins_per_second,
        consent=consent,
        link_base=link_base,
    )
    # Before the counter's row, as `bootstrap` takes them; publishing() below wants the workspace anyway.
    Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace.pk)
    if HostApp.objects.of(actor.workspace).count() >= MOST_APPS:
        raise TooMany(limit=MOST_APPS, kind="host apps")
    try:
        with transaction.atomic():
            app = HostApp(workspace=actor.workspace, environment=environment, number=Counter.next("host_app"))
            app.app_key = f"fa_{ids.unguessable(100)}"
            app.device_token_key = secrets.seal(random.token_bytes(32), purpose=keys.DEVICE_TOKEN_PURPOSE)
            for field, value in checked.items():
                setattr(app, field, value)
            app.save(force_insert=True)
    except IntegrityError:
        raise HostAppExists(name=checked["name"], environment=environment) from None
    with publishing(app) as publication:
        publication.changed("app")
        publication.changed("keys")
    record(actor=actor, action="host_app.created", target=app, after=_told(app))
    return app


def update_host_app(
    *,
    actor: Actor,
    host_app: HostApp,
    name: str | None = None,
    platforms: Iterable[str] | None = None,
    cors_origins: Iterable[str] | None = None,
    check_interval_s: int | None = None,
    checkins_per_second: int | None = None,
    consent: str | None = None,
    link_base: str | None = None,
    active: bool | None = None,
) -> HostApp:
    """Change what is given and leave the rest. An inactive app's devices are refused. Raises HostAppExists."""
    require(actor, Right.MANAGE_APPS)
    given: dict[str, Any] = {
        "name": name,
        "platforms": platforms,
        "cors_origins": cors_origins,
        "check_interval_s": check_interval_s,
        "checkins_per_second": checkins_per_second,
        "consent": consent,
        "link_base": link_base,
        "active": active,
    }
    changes = _checked(**{field: value for field, value in given.items() if value is not None})
    with publishing(host_app) as publication:
        app = HostApp.objects.of(actor.workspace).select_related("workspace").get(pk=host_app.pk)
        before = _told(app)
        for field, value in changes.items():
            setattr(app, field, value)
        after = _told(app)
        if after == before:
            return app
        try:
            with transaction.atomic():
                app.save(update_fields=list(changes))
        except IntegrityError:
            raise HostAppExists(name=app.name, environment=app.environment) from None
        publication.changed("app")
        changed = [field for field in after if after[field] != before[field]]
        record(
            actor=actor,
            action="host_app.updated",
            target=app,
            before={field: before[field] for field in changed},
            after={field: after[field] for field in changed},
        )
    return app


def add_server_key(
    *, actor: Actor, host_app: HostApp, name: str, key_id: str = "", seed: bytes | None = None
) -> NewKey:
    """A secret with which the company's own server calls the edge. Shown once, stored as a hash.

    `seed` and `key_id` are for `bootstrap`, which derives the same key again.
    """
    credential = keys.server_key(seed)
    row = HostAppKey(kind=KeyKind.SERVER, hash=credential.hash, hint=credential.prefix)
    return NewKey(_add(actor, host_app, name, row, key_id), credential.plain)


def add_user_token_key(
    *,
    actor: Actor,
    host_app: HostApp,
    name: str,
    alg: str,
    public_pem: str = "",
    key_id: str = "",
    seed: bytes | None = None,
) -> NewKey:
    """A key that proves who a user is: the company's server signs JWTs with it.

    HS256: Ferry makes the secret, shows it once and keeps it sealed. ES256 and RS256: the company keeps the private
    key and sends the public one. Raises KeyInvalid.
    """
    if alg not in ALGORITHMS:
        raise Invalid(reason=_("algorithms are {known}").format(known=", ".join(ALGORITHMS)))
    row = HostAppKey(kind=KeyKind.USER_TOKEN, alg=alg)
    if alg == "HS256":
        if public_pem:
            raise KeyInvalid(reason=_("HS256 has no public key; leave public_pem out"))
        secret = keys.shared_secret(seed)
        row.sealed = secrets.seal(secret, purpose=keys.USER_TOKEN_PURPOSE)
        return NewKey(_add(actor, host_app, name, row, key_id), keys.shared_secret_text(secret))
    try:
        row.public_pem = keys.public_pem(alg, public_pem)
    except ValueError as wrong:
        raise KeyInvalid(reason=str(wrong)) from None
    return NewKey(_add(actor, host_app, name, row, key_id), None)


def revoke_key(*, actor: Actor, key: HostAppKey) -> HostAppKey:
    """End a key. The edges refuse it as soon as they have the next snapshot, within 2 s."""
    require(actor, Right.MANAGE_APPS)
    with publishing(key.host_app) as publication:
        row = HostAppKey.objects.of(actor.workspace).get(pk=key.pk)
        if row.revoked_at is None:
            row.revoked_at = clock.now()
            row.save(update_fields=["revoked_at"])
            publication.changed("app")
            record(actor=actor, action="host_app.key_revoked", target=row, before=_told_key(row))
    return row


def _add(actor: Actor, host_app: HostApp, name: str, row: HostAppKey, key_id: str) -> HostAppKey:
    require(actor, Right.MANAGE_APPS)
    row.id = key_id or ids.new()
    row.workspace, row.name = actor.workspace, values.name(name)
    if row.kind == KeyKind.USER_TOKEN:
        row.kid = f"u_{row.id}"
    with publishing(host_app) as publication:
        row.host_app = HostApp.objects.of(actor.workspace).get(pk=host_app.pk)
        live = HostAppKey.objects.of(actor.workspace).filter(host_app=row.host_app, revoked_at=None)
        if live.count() >= MOST_KEYS:
            raise TooMany(limit=MOST_KEYS, kind="keys")
        row.save(force_insert=True)
        publication.changed("app")
        record(actor=actor, action="host_app.key_added", target=row, after=_told_key(row))
    return row


def _checked(**given: Any) -> dict[str, Any]:
    """The given values of a host app in the form that is stored. Raises Invalid."""
    checks: dict[str, Any] = {
        "name": values.name,
        "platforms": values.platforms,
        "cors_origins": values.origins,
        "check_interval_s": lambda value: values.whole(value, SHORTEST_INTERVAL, LONGEST_INTERVAL, "check_interval_s"),
        "checkins_per_second": lambda value: values.whole(value, 1, MOST_CHECKINS, "checkins_per_second"),
        "consent": _consent,
        "link_base": values.link_base,
        "active": bool,
    }
    return {field: checks[field](value) for field, value in given.items()}


def _consent(value: str) -> str:
    if value not in Consent.values:
        raise Invalid(reason=_("consent is {known}").format(known=", ".join(Consent.values)))
    return str(value)


def _told(app: HostApp) -> dict[str, Any]:
    """What the audit log tells of a host app."""
    fields = (
        "name",
        "environment",
        "platforms",
        "cors_origins",
        "check_interval_s",
        "checkins_per_second",
        "consent",
        "link_base",
        "active",
    )
    return {field: getattr(app, field) for field in fields}


def _told_key(row: HostAppKey) -> dict[str, Any]:
    told = {"host_app": row.host_app_id, "kind": row.kind, "name": row.name}
    return told | ({"alg": row.alg, "kid": row.kid} if row.kind == KeyKind.USER_TOKEN else {"hint": row.hint})
