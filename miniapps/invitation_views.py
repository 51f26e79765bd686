"""The management API of trial invitations: doors only."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.models import Invitation


class InvitationInput(StrictSerializer):
    name = serializers.CharField(
        max_length=120, required=False, default="", allow_blank=True, help_text="For whom; only the console shows it."
    )
    hours = serializers.IntegerField(min_value=1, max_value=720, required=False, default=72)


class InvitationSerializer(serializers.Serializer[Invitation]):
    id = serializers.CharField()
    release = serializers.CharField(source="release_id")
    name = serializers.CharField()
    url = serializers.SerializerMethodField(
        help_text="Opens the mini-program in the host app and takes the device into the trial. Empty once it is over."
    )
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    created_by = serializers.CharField(source="created_by_name")
    created_at = serializers.DateTimeField()

    def get_url(self, invitation: Invitation) -> str:
        return selectors.invitation_url(invitation)


class InvitationsView(WorkspaceView):
    """The ways into a trial."""

    rights = {"get": Right.RELEASE, "post": Right.RELEASE}

    @extend_schema(summary="List the invitations of a trial", responses=page_schema(InvitationSerializer))
    def get(self, request: Request, release_id: str) -> Response:
        release = selectors.release(self.workspace, release_id)
        return self.page(selectors.invitations(release), InvitationSerializer)

    @extend_schema(
        summary="Invite to a trial by link or QR", request=InvitationInput, responses={201: InvitationSerializer}
    )
    def post(self, request: Request, release_id: str) -> Response:
        values = self.parse(InvitationInput)
        invitation = services.invite(
            actor=self.actor,
            release=selectors.release(self.workspace, release_id),
            lifetime=timedelta(hours=values["hours"]),
            name=values["name"],
        )
        return created(InvitationSerializer(selectors.invitation(self.workspace, invitation.pk)).data)


class RevokeInvitationView(WorkspaceView):
    """End an invitation."""

    rights = {"post": Right.RELEASE}

    @extend_schema(summary="End an invitation", request=None, responses=InvitationSerializer)
    def post(self, request: Request, invitation_id: str) -> Response:
        invitation = selectors.invitation(self.workspace, invitation_id)
        services.revoke_invitation(actor=self.actor, invitation=invitation)
        return Response(InvitationSerializer(selectors.invitation(self.workspace, invitation_id)).data)
