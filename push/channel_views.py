"""The management API of a host app's channels: doors only."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from push.engines.apns.accounts import HOSTS
from push.models import Channel
from push.selectors.channels import channels
from push.services.channels import remove_channel, set_apns, try_apns


class ApnsInput(StrictSerializer):
    """An account with Apple."""

    team_id = serializers.CharField(max_length=10)
    key_id = serializers.CharField(max_length=10)
    topic = serializers.CharField(max_length=155, help_text="The app's bundle id.")
    environment = serializers.ChoiceField(list(HOSTS), default="production")
    key = serializers.CharField(
        max_length=4000,
        required=False,
        write_only=True,
        trim_whitespace=False,
        help_text="The .p8 file's text; left out, the key that is there stays. Never shown again.",
    )


class ChannelSerializer(serializers.Serializer[object]):
    """One channel, without its secret."""

    channel = serializers.ChoiceField(Channel.choices)
    ready = serializers.BooleanField(help_text="An account is set, or the channel needs none.")
    settings = serializers.DictField(child=serializers.CharField())
    tokens = serializers.IntegerField(help_text="Living tokens of devices.")
    problem = serializers.CharField(help_text="What the channel last complained about; mended since, perhaps.")
    problem_at = serializers.DateTimeField(allow_null=True, help_text="When the message was made that it was about.")


class ChannelsSerializer(serializers.Serializer[object]):
    """All channels of a host app."""

    items = ChannelSerializer(many=True)


class ProbeSerializer(serializers.Serializer[object]):
    """Whether the vendor takes the account."""

    ok = serializers.BooleanField()
    detail = serializers.CharField(help_text="Why not; empty when it does.")


class ChannelsView(WorkspaceView):
    """The channels of a host app."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(summary="List a host app's push channels", responses=ChannelsSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        found = channels(identity.host_app(self.workspace, host_app_id))
        return Response(ChannelsSerializer({"items": found}).data)


class ApnsView(WorkspaceView):
    """The account with Apple."""

    rights = {"put": Right.MANAGE_APPS, "delete": Right.MANAGE_APPS}

    @extend_schema(summary="Set up APNs", request=ApnsInput, responses=ChannelSerializer)
    def put(self, request: Request, host_app_id: str) -> Response:
        values = self.parse(ApnsInput)
        host_app = identity.host_app(self.workspace, host_app_id)
        set_apns(actor=self.actor, host_app=host_app, values=values)
        shown = next(each for each in channels(host_app) if each.channel == Channel.APNS)
        return Response(ChannelSerializer(shown).data)

    @extend_schema(summary="Remove APNs and forget its key", responses={204: None})
    def delete(self, request: Request, host_app_id: str) -> Response:
        host_app = identity.host_app(self.workspace, host_app_id)
        remove_channel(actor=self.actor, host_app=host_app, channel=Channel.APNS)
        return Response(status=204)


class ApnsTestView(WorkspaceView):
    """A try of the account with Apple."""

    rights = {"post": Right.MANAGE_APPS}
    idempotent_inside = True  # waits for Apple, which must not happen inside a transaction

    @extend_schema(summary="Ask Apple whether it takes the account", request=None, responses=ProbeSerializer)
    def post(self, request: Request, host_app_id: str) -> Response:
        known = self.answered()
        if known is not None:
            return known
        tried = try_apns(actor=self.actor, host_app=identity.host_app(self.workspace, host_app_id))
        return self.once(lambda: Response(ProbeSerializer(tried).data))
