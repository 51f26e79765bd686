"""All writes of identity. Workspaces, accounts and members are here; host apps and tokens have files of their own."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ferry.kernel import ids
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import values
from ferry.kernel.identity.actors import Actor, require, system
from ferry.kernel.identity.errors import (
    AccountElsewhere,
    AlreadyMember,
    LastAdmin,
    PasswordRefused,
    SlugTaken,
    TooMany,
)
from ferry.kernel.identity.host_apps import (
    NewKey,
    add_server_key,
    add_user_token_key,
    create_host_app,
    revoke_key,
    update_host_app,
)
from ferry.kernel.identity.models import LANGUAGES, LOCAL, Account, Member, Workspace
from ferry.kernel.identity.rights import Right, Role
from ferry.kernel.identity.selectors import as_member, memberships
from ferry.kernel.identity.tokens import NewToken, create_token, revoke_token
from ferry.kernel.signing.services import ensure_keys

__all__ = [
    "NewKey",
    "NewMember",
    "NewToken",
    "add_server_key",
    "add_user_token_key",
    "change_password",
    "create_host_app",
    "create_member",
    "create_token",
    "create_workspace",
    "deactivate_member",
    "reactivate_member",
    "reset_password",
    "revoke_key",
    "revoke_token",
    "set_language",
    "set_roles",
    "update_host_app",
]

MOST_MEMBERS = 1000  # of one workspace, inactive ones too


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member, and the one-time password to hand over; none when the account existed before."""

    member: Member
    password: str | None


@transaction.atomic
def create_workspace(*, name: str, slug: str = "", by: str = "setup") -> Workspace:
    """A new tenant with its signing keys. Only commands do this: nobody has rights outside a workspace.

    Raises SlugTaken.
    """
    name = values.name(name)
    workspace = Workspace(name=name, slug=values.slug(slug or values.slug_from(name)))
    try:
        with transaction.atomic():
            workspace.save(force_insert=True)
    except IntegrityError:
        raise SlugTaken(slug=workspace.slug) from None
    ensure_keys(workspace=workspace)
    after = {"name": workspace.name, "slug": workspace.slug}
    record(actor=system(workspace, by), action="workspace.created", target=workspace, after=after)
    return workspace


@transaction.atomic
def create_member(*, actor: Actor, email: str, name: str, roles: list[str], language: str = "en") -> NewMember:
    """Give a person a place in the actor's workspace, with a one-time password for a new account.

    An account of another workspace can join only by a command on the server: nothing here proves that both
    workspaces mean the same person, and whoever made the account may still know its password.
    Raises AlreadyMember, AccountElsewhere, TooMany.
    """
    require(actor, Right.MANAGE_MEMBERS)
    roles = values.roles(roles)
    _lock(actor.workspace)
    if Member.objects.of(actor.workspace).count() >= MOST_MEMBERS:
        raise TooMany(limit=MOST_MEMBERS, kind="members")
    account, password = _account(email=email, name=name, language=language)
    if Member.objects.of(actor.workspace).filter(account=account).exists():
        raise AlreadyMember(email=account.email)
    if password is None and actor.kind != "system":
        raise AccountElsewhere(email=account.email)
    member = Member.objects.create(workspace=actor.workspace, account=account, roles=roles)
    after = {"email": account.email, "name": account.name, "roles": roles}
    record(actor=actor, action="member.created", target=member, after=after)
    return NewMember(member, password)


@transaction.atomic
def set_roles(*, actor: Actor, member: Member, roles: list[str]) -> Member:
    """Replace the roles of a member. Raises LastAdmin."""
    require(actor, Right.MANAGE_MEMBERS)
    roles = values.roles(roles)
    member = _locked_member(actor, member)
    before = list(member.roles)
    if roles == before:
        return member
    _keep_an_admin(member, roles=roles, active=member.active)
    member.roles = roles
    member.save(update_fields=["roles"])
    record(actor=actor, action="member.roles_changed", target=member, before={"roles": before}, after={"roles": roles})
    return member


@transaction.atomic
def deactivate_member(*, actor: Actor, member: Member) -> Member:
    """End a membership; its tokens and its pages of this workspace stop at once. Raises LastAdmin."""
    require(actor, Right.MANAGE_MEMBERS)
    member = _locked_member(actor, member)
    if not member.active:
        return member
    _keep_an_admin(member, roles=member.roles, active=False)
    member.active = False
    member.save(update_fields=["active"])
    record(actor=actor, action="member.deactivated", target=member)
    return member


@transaction.atomic
def reactivate_member(*, actor: Actor, member: Member) -> Member:
    """Open a membership again, with the roles it had."""
    require(actor, Right.MANAGE_MEMBERS)
    member = _locked_member(actor, member)
    if member.active:
        return member
    member.active = True
    member.save(update_fields=["active"])
    record(actor=actor, action="member.reactivated", target=member)
    return member


@transaction.atomic
def reset_password(*, actor: Actor, member: Member) -> str:
    """A new one-time password for a member who forgot theirs; ends their sessions.

    Refused for an account that other workspaces trust too: their administrators have not agreed.
    Raises AccountElsewhere.
    """
    require(actor, Right.MANAGE_MEMBERS)
    member = _locked_member(actor, member)
    account = Account.objects.select_for_update().get(pk=member.account_id)
    elsewhere = memberships(account).exclude(workspace=actor.workspace)
    if actor.kind != "system" and elsewhere.exists():
        raise AccountElsewhere(email=account.email)
    password = _one_time_password(account)
    account.save(update_fields=["password", "must_change_password"])
    record(actor=actor, action="member.password_reset", target=member)
    return password


@transaction.atomic
def change_password(*, account: Account, current: str, new: str, address: str = "", request_id: str = "") -> None:
    """Change one's own password; ends the account's other sessions. Raises PasswordRefused.

    A view that wants to keep its own session calls django.contrib.auth.update_session_auth_hash afterwards.
    """
    if len(new) > 1024 or "\0" in new:
        raise PasswordRefused(reason=_("it is too long or holds a NUL character."))
    if not account.check_password(current):
        raise PasswordRefused(reason=_("the current password is wrong."))
    if new == current:
        raise PasswordRefused(reason=_("it is the one you have."))
    try:
        validate_password(new, account)
    except ValidationError as refused:
        raise PasswordRefused(reason=" ".join(refused.messages)) from None
    account.set_password(new)
    account.must_change_password = False
    account.save(update_fields=["password", "must_change_password"])
    for member in memberships(account).order_by("workspace_id"):
        actor = as_member(member, account, address=address, request_id=request_id)
        record(actor=actor, action="account.password_changed", target=member)


def set_language(*, account: Account, language: str) -> None:
    """The language of the console and of messages for this person."""
    if language not in {code for code, _name in LANGUAGES}:
        raise Invalid(reason=_("languages are {known}").format(known=", ".join(code for code, _name in LANGUAGES)))
    account.language = language
    account.save(update_fields=["language"])


def _account(*, email: str, name: str, language: str) -> tuple[Account, str | None]:
    """The local account with this address; made now, with a one-time password, if there is none."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(reason=_("“{email}” is no e-mail address").format(email=email[:100])) from None
    subject = email.lower()
    found = Account.objects.filter(issuer=LOCAL, subject=subject).first()
    if found is not None:
        return found, None
    account = Account(issuer=LOCAL, subject=subject, email=email, name=values.name(name), language=language)
    password = _one_time_password(account)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:  # another workspace was faster
        return Account.objects.get(issuer=LOCAL, subject=subject), None
    return account, password


def _one_time_password(account: Account) -> str:
    text = ids.unguessable(100)
    password = "-".join(text[start : start + 5] for start in range(0, len(text), 5))
    account.set_password(password)
    account.must_change_password = True
    return password


def _lock(workspace: Workspace) -> None:
    """Put those who change the members of a workspace in line, so that two cannot remove the last two admins.

    NO KEY UPDATE: every insert of a row of the workspace holds a key share on it, which FOR UPDATE would wait for.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


def _locked_member(actor: Actor, member: Member) -> Member:
    _lock(actor.workspace)
    return Member.objects.of(actor.workspace).select_related("account").get(pk=member.pk)


def _keep_an_admin(member: Member, *, roles: list[str], active: bool) -> None:
    if active and Role.ADMIN in roles:
        return
    others = Member.objects.of(member.workspace).filter(active=True, account__is_active=True).exclude(pk=member.pk)
    if Role.ADMIN in member.roles and not any(Role.ADMIN in given for given in others.values_list("roles", flat=True)):
        raise LastAdmin
