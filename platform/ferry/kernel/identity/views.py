"""The management API of identity: doors only."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import selectors, services
from ferry.kernel.identity import serializers as forms
from ferry.kernel.identity.models import HostApp, KeyKind
from ferry.kernel.identity.rights import Right


class MeView(WorkspaceView):
    """The token that asks."""

    rights = {"get": None}

    @extend_schema(summary="Who am I", responses=forms.MeSerializer)
    def get(self, request: Request) -> Response:
        actor = self.actor
        shown = {
            "kind": actor.kind,
            "id": actor.id,
            "name": actor.name,
            "person_id": actor.person_id,
            "rights": sorted(actor.rights),
            "workspace": actor.workspace,
        }
        return Response(forms.MeSerializer(shown).data)


class MembersView(WorkspaceView):
    """The people of the workspace."""

    rights = {"get": Right.MANAGE_MEMBERS, "post": Right.MANAGE_MEMBERS}

    @extend_schema(summary="List members", responses=page_schema(forms.MemberSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.members(self.workspace), forms.MemberSerializer)

    @extend_schema(summary="Add a member", request=forms.MemberInput, responses={201: forms.NewMemberSerializer})
    def post(self, request: Request) -> Response:
        new = services.create_member(actor=self.actor, **self.parse(forms.MemberInput))
        data = forms.MemberSerializer(new.member).data | {"one_time_password": new.password}
        return created(data, location=f"/api/v1/members/{new.member.id}")


class MemberView(WorkspaceView):
    """One member."""

    rights = {"get": Right.MANAGE_MEMBERS, "patch": Right.MANAGE_MEMBERS}

    @extend_schema(summary="Show a member", responses=forms.MemberSerializer)
    def get(self, request: Request, member_id: str) -> Response:
        return Response(forms.MemberSerializer(selectors.member(self.workspace, member_id)).data)

    @extend_schema(
        summary="Change roles, or end or reopen a membership",
        request=forms.MemberChange,
        responses=forms.MemberSerializer,
    )
    @transaction.atomic
    def patch(self, request: Request, member_id: str) -> Response:
        member = selectors.member(self.workspace, member_id)
        change = self.parse(forms.MemberChange)
        if "roles" in change:
            member = services.set_roles(actor=self.actor, member=member, roles=change["roles"])
        if "active" in change:
            act = services.reactivate_member if change["active"] else services.deactivate_member
            member = act(actor=self.actor, member=member)
        return Response(forms.MemberSerializer(member).data)


class TokensView(WorkspaceView):
    """Tokens of the management API."""

    rights = {"get": Right.MANAGE_TOKENS, "post": Right.MANAGE_TOKENS}

    @extend_schema(summary="List tokens", responses=page_schema(forms.TokenSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.tokens(self.workspace), forms.TokenSerializer)

    @extend_schema(summary="Create a token", request=forms.TokenInput, responses={201: forms.NewTokenSerializer})
    def post(self, request: Request) -> Response:
        new = services.create_token(actor=self.actor, **self.parse(forms.TokenInput))
        data = forms.TokenSerializer(new.token).data | {"token": new.plain}
        return created(data, location=f"/api/v1/tokens/{new.token.id}")


class TokenView(WorkspaceView):
    """One token."""

    rights = {"get": Right.MANAGE_TOKENS, "delete": Right.MANAGE_TOKENS}

    @extend_schema(summary="Show a token", responses=forms.TokenSerializer)
    def get(self, request: Request, token_id: str) -> Response:
        return Response(forms.TokenSerializer(selectors.token(self.workspace, token_id)).data)

    @extend_schema(summary="Revoke a token", responses={204: None})
    def delete(self, request: Request, token_id: str) -> Response:
        services.revoke_token(actor=self.actor, token=selectors.token(self.workspace, token_id))
        return Response(status=204)


class HostAppsView(WorkspaceView):
    """The super apps of the workspace."""

    rights = {"get": Right.VIEW, "post": Right.MANAGE_APPS}

    @extend_schema(summary="List host apps", responses=page_schema(forms.HostAppSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.host_apps(self.workspace), forms.HostAppSerializer)

    @extend_schema(summary="Create a host app", request=forms.HostAppInput, responses={201: forms.HostAppSerializer})
    def post(self, request: Request) -> Response:
        app = services.create_host_app(actor=self.actor, **self.parse(forms.HostAppInput))
        return created(forms.HostAppSerializer(app).data, location=f"/api/v1/host-apps/{app.id}")


class HostAppView(WorkspaceView):
    """One host app."""

    rights = {"get": Right.VIEW, "patch": Right.MANAGE_APPS}

    @extend_schema(summary="Show a host app", responses=forms.HostAppSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        return Response(forms.HostAppSerializer(selectors.host_app(self.workspace, host_app_id)).data)

    @extend_schema(summary="Change a host app", request=forms.HostAppChange, responses=forms.HostAppSerializer)
    def patch(self, request: Request, host_app_id: str) -> Response:
        app = selectors.host_app(self.workspace, host_app_id)
        app = services.update_host_app(actor=self.actor, host_app=app, **self.parse(forms.HostAppChange))
        return Response(forms.HostAppSerializer(app).data)


class KeysView(WorkspaceView):
    """Server keys and user-token keys of a host app."""

    rights = {"get": Right.MANAGE_APPS, "post": Right.MANAGE_APPS}

    @extend_schema(summary="List keys", responses=page_schema(forms.KeySerializer))
    def get(self, request: Request, host_app_id: str) -> Response:
        return self.page(selectors.host_app_keys(self._app(host_app_id)), forms.KeySerializer)

    @extend_schema(summary="Add a key", request=forms.KeyInput, responses={201: forms.NewKeySerializer})
    def post(self, request: Request, host_app_id: str) -> Response:
        app = self._app(host_app_id)
        given = self.parse(forms.KeyInput)
        kind = given.pop("kind")
        if kind == KeyKind.SERVER:
            if given.keys() - {"name"}:
                raise Invalid(reason=_("a server key has no alg and no public_pem"))
            new = services.add_server_key(actor=self.actor, host_app=app, name=given["name"])
        else:
            new = services.add_user_token_key(actor=self.actor, host_app=app, **{"alg": "HS256"} | given)
        data = forms.KeySerializer(new.key).data | {"secret": new.secret}
        return created(data, location=f"/api/v1/host-apps/{app.id}/keys/{new.key.id}")

    def _app(self, host_app_id: str) -> HostApp:
        return selectors.host_app(self.workspace, host_app_id)


class KeyView(WorkspaceView):
    """One key of a host app."""

    rights = {"get": Right.MANAGE_APPS, "delete": Right.MANAGE_APPS}

    @extend_schema(summary="Show a key", responses=forms.KeySerializer)
    def get(self, request: Request, host_app_id: str, key_id: str) -> Response:
        app = selectors.host_app(self.workspace, host_app_id)
        return Response(forms.KeySerializer(selectors.host_app_key(app, key_id)).data)

    @extend_schema(summary="Revoke a key", responses={204: None})
    def delete(self, request: Request, host_app_id: str, key_id: str) -> Response:
        app = selectors.host_app(self.workspace, host_app_id)
        services.revoke_key(actor=self.actor, key=selectors.host_app_key(app, key_id))
        return Response(status=204)
