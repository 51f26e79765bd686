"""Members with their roles, and API tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.forms.identity import MemberForm, RolesForm, TokenForm
from console.views.base import WorkspacePage
from ferry.kernel import clock
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity import services
from ferry.kernel.identity.rights import ROLE_RIGHTS, Right, Role


class Members(WorkspacePage):
    """Who works here, and as what."""

    right = Right.MANAGE_MEMBERS
    section = "members"
    template = "console/members.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, and what each role may do."""
        return self.shown()

    def shown(self, **more: Any) -> HttpResponse:
        """The list, with whatever an act adds."""
        roles = [{"role": role, "rights": sorted(ROLE_RIGHTS[role])} for role in Role]
        members = self.paged(identity.members(self.workspace))
        return self.page({"page": members, "roles_table": roles, "all_roles": list(Role), **more})


class MadeOnce(WorkspacePage):
    """Makes something with a secret, shown in this answer and nowhere else."""

    form: ClassVar[type[Form]]
    make: ClassVar[Callable[..., Any]]  # the service; its arguments are the form's fields

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.page({"form": self.form()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it and show it."""
        form = self.form(request.POST)
        if form.is_valid():
            try:
                made = type(self).make(actor=self.actor, **form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                return self.page({"made": made})
        return self.page({"form": form}, status=400)


class NewMember(MadeOnce):
    """Add a member; a new account gets a one-time password to hand over."""

    section = "members"
    right = Right.MANAGE_MEMBERS
    template = "console/member_new.html"
    form = MemberForm
    make = services.create_member


class MemberAct(Members):
    """What an administrator does to one member. The list itself is shown at its own address."""

    right = Right.MANAGE_MEMBERS
    http_method_names = ["post"]


class SetRoles(MemberAct):
    """Replace the roles."""

    def post(self, request: HttpRequest, member_id: str) -> HttpResponse:
        """Save and return."""
        member = identity.member(self.workspace, member_id)
        form = RolesForm(request.POST)
        with self.refusals():
            roles = form.cleaned_data["roles"] if form.is_valid() else []
            services.set_roles(actor=self.actor, member=member, roles=roles)
            self.said(_("The roles of {name} are changed.").format(name=member.account.name))
        return self.go("members")


class DeactivateMember(MemberAct):
    """End a membership."""

    def post(self, request: HttpRequest, member_id: str) -> HttpResponse:
        """Deactivate and return."""
        member = identity.member(self.workspace, member_id)
        with self.refusals():
            services.deactivate_member(actor=self.actor, member=member)
            self.said(_("{name} has no access any more.").format(name=member.account.name))
        return self.go("members")


class ReactivateMember(MemberAct):
    """Open a membership again."""

    def post(self, request: HttpRequest, member_id: str) -> HttpResponse:
        """Reactivate and return."""
        member = identity.member(self.workspace, member_id)
        with self.refusals():
            services.reactivate_member(actor=self.actor, member=member)
            self.said(_("{name} has access again.").format(name=member.account.name))
        return self.go("members")


class ResetPassword(MemberAct):
    """A new one-time password, shown in this answer and nowhere else."""

    def post(self, request: HttpRequest, member_id: str) -> HttpResponse:
        """Reset and show."""
        member = identity.member(self.workspace, member_id)
        with self.refusals():
            password = services.reset_password(actor=self.actor, member=member)
            return self.shown(reset_member=member, reset_password=password)
        return self.go("members")


class Tokens(WorkspacePage):
    """API tokens: who made them, what they may do, when they end."""

    section = "tokens"
    right = Right.MANAGE_TOKENS
    template = "console/tokens.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        page = self.paged(identity.tokens(self.workspace))
        names = identity.people(self.workspace, {token.principal for token in page})
        return self.page({"page": page, "names": names, "now": clock.now()})


class NewToken(MadeOnce):
    """Make a token."""

    section = "tokens"
    right = Right.MANAGE_TOKENS
    template = "console/token_new.html"
    form = TokenForm
    make = services.create_token


class RevokeToken(WorkspacePage):
    """End a token at once."""

    right = Right.MANAGE_TOKENS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, token_id: str) -> HttpResponse:
        """Revoke and return."""
        token = identity.token(self.workspace, token_id)
        with self.refusals():
            services.revoke_token(actor=self.actor, token=token)
            self.said(_("The token “{name}” is revoked.").format(name=token.name))
        return self.go("tokens")
