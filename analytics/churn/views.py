"""The management API of churn prediction: doors only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.churn import selectors, services
from analytics.churn import serializers as forms
from analytics.segments.serializers import SegmentSerializer
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right


class ChurnView(WorkspaceView):
    """What leaving means, and where the prediction stands."""

    rights = {"get": Right.VIEW_ANALYTICS, "put": Right.MANAGE_SEGMENTS}

    @extend_schema(summary="Show the churn prediction", responses=forms.ChurnStateSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        return Response(self._state(host_app_id))

    @extend_schema(summary="Define leaving", request=forms.SettingInput, responses=forms.ChurnStateSerializer)
    def put(self, request: Request, host_app_id: str) -> Response:
        services.set_definition(actor=self.actor, host_app_id=host_app_id, **self.parse(forms.SettingInput))
        return Response(self._state(host_app_id))

    def _state(self, host_app_id: str) -> Any:
        row = selectors.setting_or_default(self.workspace, host_app_id)
        fields = ("active", "inactive_days", "active_days", "activity_events", "high_from", "medium_from")
        state = {name: getattr(row, name) for name in (*fields, "train_after", "problem")}
        state["model"] = selectors.model(self.workspace, host_app_id)
        state["run"] = selectors.run(self.workspace, host_app_id)
        return forms.ChurnStateSerializer(state).data


class TrainView(WorkspaceView):
    """Training out of turn."""

    rights = {"post": Right.MANAGE_SEGMENTS}

    @extend_schema(summary="Train a churn model now", request=None, responses={202: None})
    def post(self, request: Request, host_app_id: str) -> Response:
        services.request_training(actor=self.actor, host_app_id=host_app_id)
        return Response(status=202)


class ModelsView(WorkspaceView):
    """The models and their quality."""

    rights = {"get": Right.VIEW_ANALYTICS}

    @extend_schema(summary="List churn models with their quality", responses=page_schema(forms.ModelSerializer))
    def get(self, request: Request, host_app_id: str) -> Response:
        return self.page(selectors.models(self.workspace, host_app_id), forms.ModelSerializer)


class ScoresView(WorkspaceView):
    """Single users."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(
        summary="List users by their risk of leaving",
        parameters=[forms.ScoresQuery],
        responses=page_schema(forms.ScoreSerializer),
    )
    def get(self, request: Request, host_app_id: str) -> Response:
        rows = services.list_scores(actor=self.actor, host_app_id=host_app_id, **self.query(forms.ScoresQuery))
        return self.page(rows, forms.ScoreSerializer, key="place")


class BandsView(WorkspaceView):
    """Bands of risk."""

    rights = {"get": Right.VIEW_ANALYTICS}

    @extend_schema(summary="List the bands of risk", responses=forms.BandsSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        found = selectors.bands(self.workspace, host_app_id)
        return Response(forms.BandsSerializer({"items": found}).data)


class BandSegmentView(WorkspaceView):
    """A band as a segment."""

    rights = {"post": Right.MANAGE_SEGMENTS}

    @extend_schema(
        summary="Make a band of risk a segment", request=forms.BandSegmentInput, responses={201: SegmentSerializer}
    )
    def post(self, request: Request, host_app_id: str, band: str) -> Response:
        given = self.parse(forms.BandSegmentInput)
        segment = services.segment_of_band(actor=self.actor, host_app_id=host_app_id, band=band, **given)
        return created(SegmentSerializer(segment).data, location=f"/api/v1/segments/{segment.id}")
