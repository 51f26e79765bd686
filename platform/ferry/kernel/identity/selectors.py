"""What others read of identity: who is acting, and the rows of one workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

from ferry.kernel import clock
from ferry.kernel.errors import NotFound, Unauthenticated
from ferry.kernel.identity import keys
from ferry.kernel.identity.actors import Actor
from ferry.kernel.identity.models import Account, ApiToken, HostApp, HostAppKey, Member, Workspace
from ferry.kernel.identity.rights import rights_of
from ferry.kernel.ids import is_id

M = TypeVar("M", bound=Model)

_SEEN_EVERY = timedelta(minutes=10)  # how stale last_used_at may be: a write per request would cost more than it tells


def find_token(plain: str, address: str = "", request_id: str = "") -> Actor:
    """The actor behind a management token that arrived from `address`.

    Found by its public prefix, compared by hash in constant time. Raises Unauthenticated, the same for every cause:
    unknown, wrong, expired, revoked, from an address it is not bound to, or its owner gone.
    """
    if not keys.looks_like_token(plain):
        raise Unauthenticated
    token = (
        ApiToken.objects.unscoped().select_related("workspace").filter(prefix=plain[: keys.TOKEN_PREFIX_LENGTH]).first()
    )
    if token is None or not keys.same(token.hash, keys.sha256(plain)):
        raise Unauthenticated
    now = clock.now()
    if token.revoked_at is not None or token.expires_at <= now:
        raise Unauthenticated
    if not keys.address_allowed(address, token.allowed_networks):
        raise Unauthenticated
    rights = rights_of(token.roles)
    if not token.principal.startswith("robot:"):
        owner = _active_member(token.workspace, token.principal)
        if owner is None:
            raise Unauthenticated
        rights &= rights_of(owner.roles)
    if token.last_used_at is None or token.last_used_at < now - _SEEN_EVERY:
        ApiToken.objects.of(token.workspace).filter(pk=token.pk).update(last_used_at=now)
    return Actor(
        workspace=token.workspace,
        kind="token",
        id=token.id,
        name=token.name,
        rights=rights,
        person_id=token.principal,
        address=address,
        request_id=request_id,
    )


def member_actor(*, account: Account, slug: str, address: str = "", request_id: str = "") -> Actor:
    """The actor that a signed-in account is in the workspace with this slug.

    Raises NotFound when there is no such workspace or no membership: the two must not be told apart.
    """
    member = memberships(account).filter(workspace__slug=slug).first() if "\0" not in slug else None
    if member is None or not account.is_active:
        raise NotFound(kind="workspace")
    return as_member(member, account, address=address, request_id=request_id)


def as_member(member: Member, account: Account, *, address: str = "", request_id: str = "") -> Actor:
    """The actor that an account is through a membership of it."""
    return Actor(
        workspace=member.workspace,
        kind="member",
        id=member.id,
        name=account.name,
        rights=rights_of(member.roles),
        person_id=account.id,
        address=address,
        request_id=request_id,
    )


def workspaces_of(account: Account) -> QuerySet[Workspace]:
    """The workspaces where the account is an active member, by name."""
    return Workspace.objects.filter(pk__in=memberships(account).values("workspace_id")).order_by("name", "id")


def memberships(account: Account) -> QuerySet[Member]:
    """The account's active memberships, in whatever workspace."""
    return Member.objects.unscoped().select_related("workspace").filter(account=account, active=True)


def members(workspace: Workspace) -> QuerySet[Member]:
    """Members with their accounts, newest first."""
    return Member.objects.of(workspace).select_related("account").order_by("-id")


def member(workspace: Workspace, member_id: str) -> Member:
    """One member. Raises NotFound."""
    return _one(members(workspace), member_id, "member")


def host_apps(workspace: Workspace) -> QuerySet[HostApp]:
    """Host apps, newest first."""
    return HostApp.objects.of(workspace).select_related("workspace").order_by("-id")


def host_app(workspace: Workspace, host_app_id: str) -> HostApp:
    """One host app. Raises NotFound."""
    return _one(host_apps(workspace), host_app_id, "host app")


def host_app_by_key(app_key: str) -> HostApp:
    """The host app with this public key, of any workspace: for commands on the server. Raises NotFound."""
    fits = app_key.isprintable() and len(app_key) <= 64
    row = HostApp.objects.unscoped().select_related("workspace").filter(app_key=app_key).first() if fits else None
    if row is None:
        raise NotFound(kind="host app")
    return row


def host_app_keys(host_app: HostApp) -> QuerySet[HostAppKey]:
    """The keys of a host app, newest first, revoked ones too."""
    return HostAppKey.objects.of(host_app.workspace).filter(host_app=host_app).order_by("-id")


def host_app_key(host_app: HostApp, key_id: str) -> HostAppKey:
    """One key of a host app. Raises NotFound."""
    return _one(host_app_keys(host_app), key_id, "key")


def tokens(workspace: Workspace) -> QuerySet[ApiToken]:
    """Management tokens, newest first, revoked and expired ones too."""
    return ApiToken.objects.of(workspace).order_by("-id")


def token(workspace: Workspace, token_id: str) -> ApiToken:
    """One management token. Raises NotFound."""
    return _one(tokens(workspace), token_id, "token")


def live_tokens(workspace: Workspace) -> QuerySet[ApiToken]:
    """Tokens that still open something."""
    return tokens(workspace).filter(revoked_at=None, expires_at__gt=clock.now())


def people(workspace: Workspace, person_ids: set[str]) -> dict[str, str]:
    """Names for the person ids that rows keep (`uploaded_by`, `decided_by`): account names, or a token's name."""
    accounts = Member.objects.of(workspace).filter(account_id__in=person_ids).values_list("account_id", "account__name")
    robots = {person.removeprefix("robot:"): person for person in person_ids if person.startswith("robot:")}
    names = ApiToken.objects.of(workspace).filter(id__in=list(robots)).values_list("id", "name")
    return dict(accounts) | {robots[token_id]: name for token_id, name in names}


def _active_member(workspace: Workspace, account_id: str) -> Member | None:
    return Member.objects.of(workspace).filter(account_id=account_id, active=True, account__is_active=True).first()


def _one(rows: QuerySet[M], row_id: str, kind: str) -> M:
    """The row with this id. An id of another form cannot be one of ours, and a NUL would upset PostgreSQL."""
    row = rows.filter(pk=row_id).first() if is_id(row_id) else None
    if row is None:
        raise NotFound(kind=kind)
    return row
