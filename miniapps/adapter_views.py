"""The management API of adapters: what to configure in hosts of another protocol."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import selectors


class PlatformAddressesSerializer(serializers.Serializer[Any]):
    platform = serializers.CharField()
    codepush_key = serializers.CharField(help_text="The deployment key of a CodePush client on this platform.")
    dimina_manifest = serializers.CharField(
        help_text="updateManifestUrl of a Dimina host; it fills in {host_version} and {device_id}."
    )


class HostAddressesSerializer(serializers.Serializer[Any]):
    host_app = serializers.CharField()
    codepush_server = serializers.CharField(help_text="CodePushServerURL of a CodePush client.")
    platforms = PlatformAddressesSerializer(many=True)


class HostAddressesView(WorkspaceView):
    """What to configure in hosts that speak CodePush or Dimina."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Addresses for CodePush and Dimina hosts", responses=HostAddressesSerializer)
    def get(self, request: Request, host_app_id: str, program_id: str) -> Response:
        host_app = identity.host_app(self.workspace, host_app_id)
        program = selectors.program(self.workspace, program_id)
        return Response(HostAddressesSerializer(selectors.host_addresses(host_app, program)).data)
