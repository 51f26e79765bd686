"""The management API of what phones download of a version: doors only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity.rights import Right
from miniapps import selectors
from miniapps.delivery import selectors as delivery
from miniapps.models import Derived, Form


class TransferSerializer(serializers.Serializer[Any]):
    form = serializers.ChoiceField(Form.choices)
    from_code = serializers.IntegerField(allow_null=True, help_text="Of a delta: the version that it applies to.")
    state = serializers.ChoiceField(Derived.State.choices)
    reason = serializers.CharField(help_text="Why it is not made: too_large, no_gain or failed; else empty.")
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes; of one that is not made, what it would have had.")


class TransfersSerializer(serializers.Serializer[Any]):
    whole = serializers.IntegerField(help_text="Bytes of the package itself.")
    items = TransferSerializer(many=True)


class TransfersView(WorkspaceView):
    """Compressed copies and deltas of a version."""

    rights = {"get": Right.VIEW}

    @extend_schema(summary="Show what phones download of a version", responses=TransfersSerializer)
    def get(self, request: Request, version_id: str) -> Response:
        version = selectors.version(self.workspace, version_id)
        return Response(TransfersSerializer({"whole": version.size, "items": delivery.derived(version)}).data)
