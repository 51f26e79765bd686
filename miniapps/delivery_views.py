"""The management API of one version on many host apps: doors only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.release_serializers import ReleaseSerializer
from miniapps.review_serializers import DeliveryInput, ReviewSerializer


class VersionDeliverySerializer(serializers.Serializer[Any]):
    host_app = serializers.CharField(source="host_app.pk")
    name = serializers.CharField(source="host_app.name")
    environment = serializers.CharField(source="host_app.environment")
    fits = serializers.BooleanField(help_text="The host app is active and runs on a platform of the version.")
    review = ReviewSerializer(allow_null=True, help_text="The newest; null: never submitted there.")
    releases = ReleaseSerializer(many=True, help_text="Of this version, newest first.")


class DeliveriesSerializer(serializers.Serializer[Any]):
    items = VersionDeliverySerializer(many=True)


class SubmittedSerializer(serializers.Serializer[Any]):
    items = ReviewSerializer(many=True)


class DeliveriesView(WorkspaceView):
    """A version on every host app."""

    rights = {"get": Right.VIEW, "post": Right.SUBMIT}

    @extend_schema(summary="Show a version on every host app", responses=DeliveriesSerializer)
    def get(self, request: Request, version_id: str) -> Response:
        found = selectors.deliveries(self.workspace, selectors.version(self.workspace, version_id))
        return Response(DeliveriesSerializer({"items": found}).data)

    @extend_schema(
        summary="Submit a version to several host apps, all or none",
        request=DeliveryInput,
        responses={201: SubmittedSerializer},
    )
    def post(self, request: Request, version_id: str) -> Response:
        values = self.parse(DeliveryInput)
        reviews = services.deliver_version(
            actor=self.actor,
            version=selectors.version(self.workspace, version_id),
            host_apps=[identity.host_app(self.workspace, each) for each in values["host_apps"]],
            note=values["note"],
        )
        return created(SubmittedSerializer({"items": reviews}).data)
