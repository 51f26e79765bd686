"""The management API of permissions: doors only."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.acts import ActView
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import permission_serializers as forms
from miniapps import selectors, services
from miniapps.narrowing import named_rows
from miniapps.release_serializers import ReasonInput
from miniapps.selectors import permissions


class CapabilitiesView(WorkspaceView):
    """The catalogue of capabilities."""

    rights = {"get": Right.VIEW, "post": Right.MANAGE_APPS}

    @extend_schema(summary="Show the catalogue of capabilities", responses=forms.CatalogueSerializer)
    def get(self, request: Request) -> Response:
        return Response(forms.CatalogueSerializer({"capabilities": permissions.catalogue(self.workspace)}).data)

    @extend_schema(
        summary="Add a capability", request=forms.CapabilityInput, responses={201: forms.CapabilitySerializer}
    )
    def post(self, request: Request) -> Response:
        row = services.add_capability(actor=self.actor, **self.parse(forms.CapabilityInput))
        return created(_shown(self, row.name), location=f"/api/v1/capabilities/{row.pk}")


class CapabilityView(WorkspaceView):
    """One entry of the workspace's own."""

    rights = {"patch": Right.MANAGE_APPS, "delete": Right.MANAGE_APPS}

    @extend_schema(summary="Change a capability", request=forms.CapabilityChange, responses=forms.CapabilitySerializer)
    def patch(self, request: Request, capability_id: str) -> Response:
        row = permissions.capability(self.workspace, capability_id)
        row = services.change_capability(actor=self.actor, capability=row, **self.parse(forms.CapabilityChange))
        return Response(_shown(self, row.name))

    @extend_schema(summary="Remove a capability", responses={204: None})
    def delete(self, request: Request, capability_id: str) -> Response:
        row = permissions.capability(self.workspace, capability_id)
        services.remove_capability(actor=self.actor, capability=row)
        return Response(status=204)


def _shown(view: WorkspaceView, name: str) -> dict[str, Any]:
    offered = next(each for each in permissions.catalogue(view.workspace) if each.name == name)
    return dict(forms.CapabilitySerializer(offered).data)


class PermissionsView(WorkspaceView):
    """What mini-programs asked for, and what became of it."""

    rights = {"get": Right.VIEW}

    @extend_schema(
        summary="List permissions",
        parameters=[forms.PermissionQuery],
        responses=page_schema(forms.PermissionSerializer),
    )
    def get(self, request: Request) -> Response:
        query = self.query(forms.PermissionQuery)
        rows = permissions.grants(self.workspace, state=query["state"], **named_rows(self.workspace, query))
        return self.page(rows, forms.PermissionSerializer)


class ProgramPermissionsView(WorkspaceView):
    """Asking for permissions by hand."""

    rights = {"post": Right.SUBMIT}

    @extend_schema(
        summary="Ask for permissions",
        description="For every version of the mini-program on one host app. A version's own manifest asks for itself.",
        request=forms.PermissionInput,
        responses={201: forms.RequestedPermissionsSerializer},
    )
    def post(self, request: Request, program_id: str) -> Response:
        program = selectors.program(self.workspace, program_id)
        given = self.parse(forms.PermissionInput)
        made = services.request_permissions(
            actor=self.actor,
            program=program,
            host_app=identity.host_app(self.workspace, given["host_app"]),
            capabilities=given["capabilities"],
            reach=given.get("domains"),
            purpose=given["purpose"],
        )
        return created(forms.RequestedPermissionsSerializer({"requested": made}).data)


class PermissionView(WorkspaceView):
    """One permission."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show a permission", responses=forms.PermissionSerializer)
    def get(self, request: Request, permission_id: str) -> Response:
        return Response(forms.PermissionSerializer(permissions.grant(self.workspace, permission_id)).data)


class PermissionActView(ActView):
    """One act on a permission."""

    form: ClassVar[type[StrictSerializer]] = ReasonInput
    answer = forms.PermissionSerializer

    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"grant": permissions.grant(self.workspace, thing_id)}


class GrantView(PermissionActView, right=Right.GRANT, summary="Grant a permission"):
    act = services.grant_permission


class RejectPermissionView(PermissionActView, right=Right.GRANT, summary="Reject a permission"):
    act = services.reject_permission


class RevokeView(PermissionActView, right=Right.GRANT, summary="Revoke a permission"):
    act = services.revoke_permission


class WithdrawRequestView(PermissionActView, right=Right.SUBMIT, summary="Take a request back"):
    act = services.withdraw_request
    form = forms.NothingInput


class TermsView(WorkspaceView):
    """What devices are told of a version beside its package."""

    rights = {"get": Right.VIEW}

    @extend_schema(
        summary="Show the terms of a version", parameters=[forms.TermsQuery], responses=forms.TermsSerializer
    )
    def get(self, request: Request, version_id: str) -> Response:
        version = selectors.version(self.workspace, version_id)
        host_app = identity.host_app(self.workspace, self.query(forms.TermsQuery)["host_app"])
        terms = permissions.terms(version, host_app)
        if terms is None:
            return Response({"terms": None, "terms_signature": None})
        return Response(forms.TermsSerializer(terms).data)
